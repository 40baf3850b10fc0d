import type { ClipPiece, ClipPlan } from "./planClip.ts"

const seconds = (value: number): string => value.toFixed(6)

const pieceLines = ({
  filePath,
  fromSeconds,
  toSeconds,
  readToSeconds,
}: ClipPiece): ReadonlyArray<string> => [
  // A path of our own making, relative to where FFmpeg runs: nothing in it needs quotes.
  `file file:${filePath}`,
  ...(fromSeconds > 0 ? [`inpoint ${seconds(fromSeconds)}`] : []),
  ...(readToSeconds === null ? [] : [`outpoint ${seconds(readToSeconds)}`]),
  `duration ${seconds(toSeconds - fromSeconds)}`,
]

/** What FFmpeg's concat demuxer is told, on its standard input. */
export const concatList = ({ pieces }: ClipPlan): string =>
  ["ffconcat version 1.0", ...pieces.flatMap(pieceLines), ""].join("\n")

/**
 * The argument list of an export, for FFmpeg in the recordings directory; nothing in it passes a shell.
 *
 * Packets are copied as they are. Only where recordings need different decoders their parameters are put before each
 * keyframe (`auto_convert`). What is hidden gets negative times, of which the muxer makes an edit list.
 */
export const exportArguments = (plan: ClipPlan, targetPath: string): ReadonlyArray<string> =>
  [
    ["-nostdin", "-hide_banner", "-loglevel", "level+error", "-nostats"],
    plan.hiddenSeconds > 0 ? ["-itsoffset", `-${seconds(plan.hiddenSeconds)}`] : [],
    ["-f", "concat", "-safe", "0", "-protocol_whitelist", "file,pipe"],
    ["-auto_convert", plan.isUniform ? "0" : "1", "-i", "pipe:0"],
    ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy"],
    // Rather a frame too many: where sound begins before the pictures, time begins with the sound.
    ["-t", seconds(plan.durationSeconds + plan.nominalSeconds / 2)],
    ["-movflags", "+faststart", "-f", "mp4", "-progress", "pipe:1", "-n", targetPath],
  ].flat()
