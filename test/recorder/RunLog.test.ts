import { mkdtempSync, rmSync, statSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { RunLog } from "../../src/recorder/RunLog.ts"
import { LossLog } from "../../src/recorder/segments/LossLog.ts"

const line = "[rtsp @ 0x5562] [warning] RTP: missed 1 packets\n"
const usedBytes = (path: string) => statSync(path).blocks * 512

const newLog = () => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-log-"))
  const log = RunLog.create(join(directory, "run.log"))
  onTestFinished(() => {
    log.remove()
    rmSync(directory, { recursive: true })
  })
  return log
}

describe("RunLog", () => {
  it("frees the disk of what was read of a log, and no line that was not", async () => {
    const log = newLog()
    const reader = LossLog.open(log.path, 0)
    if (reader === null) throw new Error("the log is there")
    onTestFinished(() => reader.close())
    let written = 0
    let counted = 0
    for (let round = 0; round < 20; round++) {
      writeSync(log.descriptor, line.repeat(10_000))
      written += 10_000
      // The reader is behind each time, as a thread that waits for a disk is.
      counted += reader.readTo(reader.sizeBytes - 100_000).lostPackets
      await Effect.runPromise(log.keepSmall(reader.readBytes))
      expect(usedBytes(log.path)).toBeLessThan(1_600_000)
    }
    counted += reader.readTo(reader.sizeBytes).lostPackets
    expect(counted).toBe(written)
    expect(log.tail()).toContain(line)
  })

  it("gives up what was not read above 16 MiB, and its reader notices, wherever it had read to", async () => {
    for (const readBefore of [0, 5_000_000]) {
      const log = newLog()
      const reader = LossLog.open(log.path, 0)
      if (reader === null) throw new Error("the log is there")
      onTestFinished(() => reader.close())
      writeSync(log.descriptor, line.repeat(400_000))
      while (reader.readTo(readBefore).isBehind) expect(reader.readBytes).toBeLessThan(readBefore)
      await Effect.runPromise(log.keepSmall(reader.readBytes))
      expect(usedBytes(log.path)).toBeLessThan(1_000_000)
      // As much as before, so that the size alone tells nothing.
      writeSync(log.descriptor, line.repeat(400_000))
      expect(reader.readTo(reader.sizeBytes).isCut).toBe(true)
      while (reader.readTo(reader.sizeBytes).isBehind) expect(reader.readBytes).toBeLessThan(reader.sizeBytes)
      writeSync(log.descriptor, line)
      expect(reader.readTo(reader.sizeBytes)).toEqual({ lostPackets: 1, isBehind: false, isCut: false })
    }
  })

  it("is emptied where nobody reads it", async () => {
    const log = newLog()
    writeSync(log.descriptor, line.repeat(30_000))
    await Effect.runPromise(log.keepSmall(null))
    expect(usedBytes(log.path)).toBe(0)
    writeSync(log.descriptor, line)
    expect(log.tail()).toBe(line)
  })
})
