import type { ClipLayout, ClipPiece } from "./planClip.ts"

const seconds = (value: number): string => value.toFixed(6)

/** A path of our own making, relative to where FFmpeg runs: nothing in it needs quotes. */
const pieceLines = (piece: ClipPiece): ReadonlyArray<string> => [
  // FFmpeg reads all fragments of a file before the first: it is shown those of the piece alone.
  `file concat:subfile,,start,0,end,${piece.headBytes},,:${piece.filePath}|subfile,,start,${piece.fromByte},end,${piece.toByte},,:${piece.filePath}`,
  // Also at the beginning of a file: where FFmpeg says it begins, sound may begin before the pictures.
  `inpoint ${seconds(piece.fromSeconds)}`,
  ...(piece.readToSeconds === null ? [] : [`outpoint ${seconds(piece.readToSeconds)}`]),
  `duration ${seconds(piece.toSeconds - piece.fromSeconds)}`,
]

const concatList = (pieces: ReadonlyArray<ClipPiece>): string =>
  ["ffconcat version 1.0", ...pieces.flatMap(pieceLines), ""].join("\n")

/** Sound that begins with a later piece is an input of its own: the first piece decides which tracks an input has. */
const lateSound = (plan: ClipLayout): number | null =>
  plan.soundFrom !== null && plan.soundFrom > 0 ? plan.soundFrom : null

/** What FFmpeg's concat demuxers are told: the pieces, and where sound begins later, those of the sound. */
export const concatLists = (plan: ClipLayout): { readonly pieces: string; readonly sound: string | null } => {
  const soundFrom = lateSound(plan)
  return {
    pieces: concatList(plan.pieces),
    sound: soundFrom === null ? null : concatList(plan.pieces.slice(soundFrom)),
  }
}

/** Less than any frame lasts: what begins at the very end of the range is not in the clip. */
const roundingSeconds = 0.0005

const input = (list: string, beginsAtSeconds: number, convert: "0" | "1"): ReadonlyArray<string> =>
  [
    ["-itsoffset", seconds(beginsAtSeconds), "-f", "concat", "-safe", "0"],
    ["-protocol_whitelist", "file,pipe,concat,subfile", "-auto_convert", convert, "-i", list],
  ].flat()

/**
 * The argument list of an export, for FFmpeg in the recordings directory; nothing in it passes a shell.
 *
 * It reads its lists from its standard input and, of sound that begins later, from descriptor 3. Packets are copied as
 * they are. Only where pictures need different parameters these are put before each keyframe (`auto_convert`). What
 * is hidden gets negative times, of which the muxer makes an edit list; times are those of the recordings (`copyts`),
 * not counted from the first sound.
 */
export const exportArguments = (plan: ClipLayout, targetPath: string): ReadonlyArray<string> => {
  const beginsAtSeconds = -plan.hiddenSeconds - plan.delaySeconds
  const convert = plan.isUniform ? "0" : "1"
  const soundFrom = lateSound(plan)
  const soundAtSeconds = plan.pieces
    .slice(0, soundFrom ?? 0)
    .reduce((sum, piece) => sum + piece.toSeconds - piece.fromSeconds, beginsAtSeconds)
  return [
    ["-nostdin", "-hide_banner", "-loglevel", "level+error", "-nostats", "-copyts"],
    input("pipe:0", beginsAtSeconds, convert),
    soundFrom === null ? [] : input("pipe:3", soundAtSeconds, convert),
    ["-map", "0:v:0", "-map", soundFrom === null ? "0:a:0?" : "1:a:0", "-c", "copy"],
    ["-t", seconds(plan.durationSeconds - roundingSeconds)],
    ["-movflags", "+faststart", "-f", "mp4", "-stats_period", "0.2", "-progress", "pipe:1", "-n", targetPath],
  ].flat()
}
