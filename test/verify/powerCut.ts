import { mkdtempSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { videoProfiles } from "../../src/demo/simulator/clipProfiles.ts"
import { seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { RecorderOnLoopDisk, type Remains } from "./RecorderOnLoopDisk.ts"
import type { TrialGround } from "./Trial.ts"
import { type Verdict, greatest, median, rounded } from "./verdict.ts"

export interface PowerCutOptions extends TrialGround {
  readonly seed: number
  readonly cameras: number
  readonly cuts: number
  /** Between two cuts, at most. */
  readonly pauseSeconds: number
  readonly segmentSeconds: number
  readonly syncIntervalSeconds: number
}

/** A file system in memory. */
const memoryDirectory = "/dev/shm"
/** As good as never. */
const neverSeconds = 86_400
/** What is not on the medium besides what waits for a sync: a fragment under way, and the sync itself. */
const allowanceSeconds = 2

/** What a program complained of stands in the second line, after the command itself. */
const reasonOf = (error: unknown): string => {
  const [first = "", second] = (error instanceof Error ? error.message : String(error)).split("\n")
  return second ?? first
}

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, one) => sum + one, 0)

const lossFigures = (remains: ReadonlyArray<Remains>) => {
  const cameras = remains.flatMap((one) => one.cameras)
  const losses = cameras.map((one) =>
    one === null
      ? Number.POSITIVE_INFINITY
      : one.tailSeconds + one.innerFrames / videoProfiles["h264-360p"].framesPerSecond,
  )
  return { greatest: greatest(losses), median: median(losses) }
}

const verdictsOf = (
  options: PowerCutOptions,
  synced: ReadonlyArray<Remains>,
  unsynced: ReadonlyArray<Remains>,
): ReadonlyArray<Verdict> => {
  const all = [...synced, ...unsynced]
  const limit = options.syncIntervalSeconds + allowanceSeconds
  const [losses, unsyncedLosses] = [lossFigures(synced), lossFigures(unsynced)]
  const broken = all.flatMap((one) => one.broken)
  const closedRows = sumOf(all.map((one) => one.closedRows))
  const repaired = sumOf(all.map(({ repair }) => repair.runs))
  const damaged = sumOf(all.map(({ repair }) => repair.unrepaired + repair.lostFrames))
  return [
    {
      name: "power_cut.loss",
      figures: {
        cameras: options.cameras,
        cuts: synced.length,
        sync_interval_seconds: options.syncIntervalSeconds,
        greatest_seconds: rounded(losses.greatest),
        median_seconds: rounded(losses.median),
        unsynced_greatest_seconds: rounded(unsyncedLosses.greatest),
        unsynced_median_seconds: rounded(unsyncedLosses.median),
        most_copies: greatest(all.map(({ copies }) => copies)),
      },
      target: `a power cut takes at most the sync interval and ${allowanceSeconds} s of a camera`,
      met: losses.greatest <= limit,
    },
    {
      name: "power_cut.rows",
      figures: {
        rows: sumOf(all.map(({ rows }) => rows)),
        closed_rows: closedRows,
        broken_rows: broken.length,
        ...(broken[0] === undefined ? {} : { first_broken: broken[0] }),
      },
      target: "every row that was committed has its file, every closed one all of it and its index",
      met: closedRows > 0 && broken.length === 0,
    },
    {
      name: "power_cut.repair",
      figures: { runs_repaired: repaired, frames_or_runs_lost: damaged },
      target: "what is left is settled by the repair, which loses no frame",
      met: repaired > 0 && damaged === 0,
    },
  ]
}

/**
 * Cuts the power of two services at instants of chance: one that syncs, and one that leaves it to the kernel.
 *
 * Both record the same cameras into ext4 on loop devices whose medium lies in memory. A cut is a copy of the medium;
 * a medium that is never at rest is waited for, so a cut in the middle of a write of some milliseconds is not played.
 */
export const measurePowerCut = async (options: PowerCutOptions): Promise<ReadonlyArray<Verdict>> => {
  const recorders: Array<RecorderOnLoopDisk> = []
  let base: string | null = null
  let simulator: SimulatorProcess | null = null
  try {
    try {
      base = mkdtempSync(join(memoryDirectory, "vigia-power-"))
      for (const name of ["synced", "unsynced"]) recorders.push(RecorderOnLoopDisk.make(join(base, name)))
    } catch (error) {
      return [
        { name: "power_cut", figures: {}, target: `not measured, because ${reasonOf(error)}`, met: false },
      ]
    }
    const paths = Array.from({ length: options.cameras }, (_, at) => `power${at}`)
    simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: paths.map((path) => ({ path })),
      seed: options.seed,
    })
    const urls = simulator.cameras.map(({ url }) => url)
    const ground = options.databaseServer === undefined ? {} : { databaseServer: options.databaseServer }
    for (const [at, recorder] of recorders.entries()) {
      const interval = at === 0 ? options.syncIntervalSeconds : neverSeconds
      const environment = {
        RECORDING_SYNC_INTERVAL: String(interval),
        RECORDING_SEGMENT_DURATION: String(options.segmentSeconds),
      }
      await recorder.start(urls, environment, ground)
    }
    const random = seededRandom(options.seed, "power cuts")
    const cuts: Array<ReadonlyArray<Remains>> = []
    while (cuts.length < options.cuts) {
      await new Promise((passed) => setTimeout(passed, random() * options.pauseSeconds * 1000))
      const remains: Array<Remains> = []
      for (const recorder of recorders) remains.push(await recorder.cut())
      cuts.push(remains)
    }
    return verdictsOf(
      options,
      cuts.flatMap((remains) => remains.slice(0, 1)),
      cuts.flatMap((remains) => remains.slice(1)),
    )
  } finally {
    for (const recorder of recorders) await recorder.stop()
    await simulator?.stop()
    if (base !== null) rmSync(base, { recursive: true, force: true })
  }
}
