import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ReadBuffer } from "../../../src/recorder/segments/ReadBuffer.ts"
import { repairRun } from "../../../src/recorder/segments/repairRun.ts"
import { openIndexPathOf } from "../../../src/recorder/segments/runFiles.ts"
import { RunWatcher } from "../../../src/recorder/segments/RunWatcher.ts"
import { SimulatedRunOnDisk } from "./SimulatedRunOnDisk.ts"

let run: SimulatedRunOnDisk
let directory: string
let logPath: string

beforeEach(() => {
  run = new SimulatedRunOnDisk(Date.UTC(2026, 0, 14, 23, 59, 52))
  directory = mkdtempSync(join(tmpdir(), "vigia-loss-"))
  logPath = join(directory, "run.log")
  writeFileSync(logPath, "")
})

afterEach(() => {
  run.remove()
  rmSync(directory, { recursive: true })
})

const lose = (packets: number): void =>
  appendFileSync(logPath, `[rtsp @ 0x5562] [warning] RTP: missed ${packets} packets\n`)

/** Of a run over UDP. */
const watch = (): RunWatcher =>
  new RunWatcher({ ...run.input, lossLogPath: logPath }, run.clock, new ReadBuffer())

const losses = () => [...run.summaries.values()].map(({ lostPackets }) => lostPackets)
const damages = () => [...run.summaries.values()].map(({ damagedFramesAtMost }) => damagedFramesAtMost)

describe("lost packets of a run that changes hands", () => {
  it("count once each over lives and files, also those of the time without service", () => {
    const first = watch()
    run.record(first, 5)
    lose(3)
    run.second(first)
    expect(losses()).toEqual([3])
    first.close()
    lose(4)
    run.second(null)
    run.record(null, 15)
    lose(5)
    run.record(null, 3)
    const next = watch()
    run.hear(next.takeUp())
    lose(6)
    run.second(next)
    run.finish(next)
    expect(losses()).toEqual([12, 0, 6])
    // Where the five were lost nobody knows: every frame of that time may be damaged.
    expect(damages()[1]).toBe(15 * 25)
  })

  it("count in the repair of a run that died with its service", () => {
    const first = watch()
    run.record(first, 5)
    lose(3)
    run.second(first)
    first.close()
    lose(4)
    run.second(null)
    run.hear(repairRun({ ...run.input, endedLogPath: logPath }, run.clock))
    expect(losses()).toEqual([7])
  })

  it("are not measured of the file in which lines were given up before they were read", () => {
    const watcher = watch()
    run.record(watcher, 2)
    lose(3)
    run.second(watcher)
    lose(4)
    writeFileSync(logPath, "")
    run.second(watcher)
    run.record(watcher, 3)
    lose(5)
    run.record(watcher, 3)
    run.finish(watcher)
    expect(losses()).toEqual([null, 0, 5])
    expect(damages()[0]).toBeNull()
  })

  it("are not measured where nothing tells them: over TCP, and where a repair has no log", () => {
    const overTcp = run.watcher()
    run.record(overTcp, 5)
    overTcp.close()
    run.second(null)
    run.hear(repairRun({ ...run.input, endedLogPath: logPath }, run.clock))
    expect([losses(), damages()]).toEqual([[null], [null]])
  })

  it("are not measured in the file that an earlier version began, and are in the next", () => {
    const first = run.watcher()
    run.record(first, 5)
    first.close()
    const indexPath = openIndexPathOf(run.runDirectory, 0)
    writeFileSync(indexPath, readFileSync(indexPath, "utf8").replace(',"packetLoss":null', ""))
    lose(3)
    const next = watch()
    run.hear(next.takeUp())
    run.second(next)
    run.record(next, 5)
    lose(4)
    run.second(next)
    run.finish(next)
    expect(losses()).toEqual([null, 4])
  })
})
