import { execFileSync } from "node:child_process"
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { LossLog, missedIn } from "../../../src/recorder/segments/LossLog.ts"

const line = (missed: number) => `[rtsp @ 0x5562] [warning] RTP: missed ${missed} packets\n`
const delay = "[rtsp @ 0x5562] [warning] max delay reached. need to consume packet\n"

const newLog = (text = "") => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-loss-"))
  const path = join(directory, "run.log")
  writeFileSync(path, text)
  const log = LossLog.open(path, 0)
  if (log === null) throw new Error("the log is there")
  onTestFinished(() => {
    log.close()
    rmSync(directory, { recursive: true })
  })
  const look = () => log.readTo(log.sizeBytes).lostPackets
  return { path, log, look }
}

describe("missedIn", () => {
  it("reads FFmpeg's count, and mends it where sequence numbers wrapped in the midst of the loss", () => {
    expect([line(1), line(17), delay, "RTP: missed packets", ""].map(missedIn)).toEqual([1, 17, 0, 0, 0])
    // FFmpeg 5.1 adds 65535 to a negative difference, earlier ones add nothing.
    expect(missedIn(line(0))).toBe(1)
    expect(missedIn(line(-65_531))).toBe(5)
  })
})

describe("LossLog", () => {
  it("counts each line once, whole lines only, however they are written", () => {
    const text = delay + line(2) + delay + line(3) + "[error] something else\n" + line(40)
    const { path, look, log } = newLog()
    let counted = 0
    for (const character of text) {
      appendFileSync(path, character)
      counted += look()
    }
    expect(counted).toBe(45)
    expect(log.readBytes).toBe(text.length)
    expect(look()).toBe(0)
  })

  it("multiplies a line that FFmpeg did not repeat, also over two looks", () => {
    const { path, look } = newLog(line(2))
    expect(look()).toBe(2)
    appendFileSync(
      path,
      "    Last message repeated 3 times\n[error] other\n    Last message repeated 9 times\n",
    )
    expect(look()).toBe(6)
  })

  it("goes on in a log that was emptied, and where another life had read to", () => {
    const { path, log, look } = newLog(delay.repeat(10) + line(2))
    expect(look()).toBe(2)
    truncateSync(path, 0)
    appendFileSync(path, line(3))
    expect(log.readTo(log.sizeBytes)).toMatchObject({ lostPackets: 3, isCut: true })
    expect(log.readTo(log.sizeBytes).isCut).toBe(false)
    const next = LossLog.open(path, line(3).length)
    onTestFinished(() => next?.close())
    appendFileSync(path, line(4))
    expect(next?.readTo(statSync(path).size)).toEqual({ lostPackets: 4, isBehind: false, isCut: false })
  })

  it("reads a flood over several looks and says so, and passes over a line without end", () => {
    const { path, log } = newLog("x".repeat(200_000) + "\n" + line(1).repeat(20_000))
    let lost = 0
    let looks = 0
    for (let isBehind = true; isBehind; looks += 1) {
      const found = log.readTo(log.sizeBytes)
      lost += found.lostPackets
      isBehind = found.isBehind
    }
    expect(lost).toBe(20_000)
    expect(looks).toBe(Math.ceil(statSync(path).size / 524_288))
  })

  it("reads on in a log whose read beginning became a hole", () => {
    const { path, log, look } = newLog(line(1).repeat(4000))
    expect(look()).toBe(4000)
    execFileSync("fallocate", ["--punch-hole", "--length", "131072", path])
    appendFileSync(path, line(7))
    expect(log.readTo(log.sizeBytes)).toEqual({ lostPackets: 7, isBehind: false, isCut: false })
  })

  it("notices a hole where lines were that it had not read", () => {
    const { path, log } = newLog(line(1).repeat(4000))
    log.readTo(100_000)
    execFileSync("fallocate", ["--punch-hole", "--length", "131072", path])
    appendFileSync(path, line(7))
    expect(log.readTo(log.sizeBytes).isCut).toBe(true)
    appendFileSync(path, line(2))
    expect(log.readTo(log.sizeBytes)).toEqual({ lostPackets: 2, isBehind: false, isCut: false })
  })

  it("is not there where there is no log", () => {
    expect(LossLog.open("/nowhere/run.log", 0)).toBeNull()
  })
})
