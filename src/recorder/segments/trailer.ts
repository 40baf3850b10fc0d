import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { join } from "node:path"

/** `mfro`, the last box of a fragmented file whose muxer came to its end (ISO/IEC 14496-12, 8.8.11): 16 bytes. */
const trailerBytes = 16

/**
 * Whether a file was closed by FFmpeg itself, and not cut by its death: it then ends with an `mfro` box.
 *
 * @param filePath relative to the recordings directory. Throws the error of a system call.
 */
export const endsWithTrailer = (recordingsDirectory: string, filePath: string): boolean => {
  const descriptor = openSync(join(recordingsDirectory, filePath), "r")
  try {
    const { size } = fstatSync(descriptor)
    if (size < trailerBytes) return false
    const box = Buffer.alloc(trailerBytes)
    readSync(descriptor, box, 0, trailerBytes, size - trailerBytes)
    return box.readUInt32BE(0) === trailerBytes && box.toString("latin1", 4, 8) === "mfro"
  } finally {
    closeSync(descriptor)
  }
}
