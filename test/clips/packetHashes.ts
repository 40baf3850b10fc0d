import { execFileSync } from "node:child_process"

/** MD5 of every packet of a stream in file order, also of those that an edit list hides. */
export const packetHashes = (path: string, stream: "v" | "a"): ReadonlyArray<string> =>
  execFileSync(
    "ffmpeg",
    [
      "-v",
      "error",
      "-ignore_editlist",
      "1",
      "-i",
      path,
      "-map",
      `0:${stream}`,
      "-c",
      "copy",
      "-f",
      "framemd5",
      "-",
    ],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  )
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(line.lastIndexOf(",") + 1).trim())

/** Where a list is found whole within another; -1 where it is not. */
export const placeWithin = (part: ReadonlyArray<string>, whole: ReadonlyArray<string>): number =>
  part.length === 0
    ? -1
    : whole.findIndex((_, from) => part.every((hash, index) => whole[from + index] === hash))

/** How many pictures a player shows: those that an edit list does not hide. */
export const shownFrames = (path: string): number =>
  Number(
    execFileSync(
      "ffprobe",
      [
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-count_frames",
        "-show_entries",
        "stream=nb_read_frames",
      ].concat(["-of", "csv=p=0", path]),
      { encoding: "utf8" },
    ),
  )

/** MD5 of every picture that a player shows, in the order in which it shows them. */
export const pictureHashes = (path: string): ReadonlyArray<string> =>
  execFileSync("ffmpeg", ["-v", "error", "-i", path, "-map", "0:v", "-vsync", "0", "-f", "framemd5", "-"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  })
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(line.lastIndexOf(",") + 1).trim())

/** Where the packets of a stream begin and end for a player, in seconds; null without that stream. */
export const shownSpan = (path: string, stream: "v" | "a"): readonly [number, number] | null => {
  const packets = execFileSync(
    "ffprobe",
    ["-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,duration_time,flags"].concat(
      ["-of", "csv=p=0", path],
    ),
    { encoding: "utf8" },
  )
    .split("\n")
    // What an edit list hides is to be discarded.
    .filter((line) => line !== "" && !line.includes("D"))
    // The duration of the last may not be known.
    .map((line) => line.split(",").map((field) => Number(field) || 0))
  const begins = packets.map(([pts = 0]) => pts)
  const ends = packets.map(([pts = 0, duration = 0]) => pts + duration)
  return packets.length === 0 ? null : [Math.min(...begins), Math.max(...ends)]
}
