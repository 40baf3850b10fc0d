import { writeSync } from "node:fs"
import type { DestinationStream } from "pino"

const writeAll = (descriptor: number, text: string): void => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}

/**
 * Writes log lines to a file descriptor, and loses those that it does not take: on a full disk, or with no reader left.
 *
 * pino's own output tries again until there is room, and nothing else in the process goes on meanwhile. How many lines
 * were lost is said by `lineOfLost` before the next one that is taken.
 */
export const logOutput = (descriptor: number, lineOfLost: (lines: number) => string): DestinationStream => {
  let lost = 0
  return {
    write: (line) => {
      try {
        // A line that was cut in the middle ends first.
        if (lost > 0) writeAll(descriptor, `\n${lineOfLost(lost)}\n`)
        lost = 0
        writeAll(descriptor, line)
      } catch {
        lost += 1
      }
    },
  }
}
