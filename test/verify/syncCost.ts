import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { childrenNamed, cpuSeconds, cpuSecondsWithEnded } from "./processCost.ts"
import { recordAll } from "./recordAll.ts"
import type { TrialGround } from "./Trial.ts"
import { type Verdict, rounded } from "./verdict.ts"

export interface SyncCostOptions extends TrialGround {
  readonly cameras: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly syncIntervalSeconds: number
}

const neverSeconds = 86_400

interface Cpu {
  readonly service: number
  readonly syncing: number
  readonly recorders: number
}

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, one) => sum + one, 0)

const cpuOf = (service: VigiaService): Cpu => ({
  service: cpuSeconds(service.pid),
  syncing: sumOf(
    childrenNamed(service.pid, "sh")
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("vigia-sync"))
      .map(cpuSecondsWithEnded),
  ),
  recorders: sumOf(service.runs().map(({ pid }) => cpuSeconds(pid))),
})

/**
 * What syncing costs: two services record the same cameras onto the usual disk in the same seconds, one of them
 * syncing. The kernel's own work for it is nobody's CPU and not counted.
 */
export const measureSyncCost = async (options: SyncCostOptions): Promise<ReadonlyArray<Verdict>> => {
  const { cameras, seconds, warmupSeconds, syncIntervalSeconds } = options
  const ground = options.databaseServer === undefined ? {} : { databaseServer: options.databaseServer }
  const paths = Array.from({ length: cameras }, (_, at) => `sync${at}`)
  const simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: paths.map((path) => ({ path, video: "h264-1080p" })),
  })
  const services: Array<VigiaService> = []
  try {
    for (const interval of [syncIntervalSeconds, neverSeconds]) {
      const service = await VigiaService.start({
        ...ground,
        environment: { RECORDING_SYNC_INTERVAL: String(interval), RECORDING_FLUSH_INTERVAL: "10" },
      })
      services.push(service)
      await recordAll(
        service,
        simulator.cameras.map(({ url }) => url),
      )
    }
    await new Promise((passed) => setTimeout(passed, warmupSeconds * 1000))
    const before = services.map(cpuOf)
    await new Promise((passed) => setTimeout(passed, seconds * 1000))
    const after = services.map(cpuOf)
    /** Milliseconds of CPU for each camera and second. */
    const spent = (at: number, part: keyof Cpu): number =>
      (((after[at]?.[part] ?? 0) - (before[at]?.[part] ?? 0)) * 1000) / cameras / seconds
    const recorders = spent(0, "recorders")
    const ratio = spent(0, "syncing") / recorders
    return [
      {
        name: "power_cut.sync_cost",
        figures: {
          cameras,
          seconds,
          sync_interval_seconds: syncIntervalSeconds,
          syncing_ms_per_camera_second: rounded(spent(0, "syncing")),
          service_ms_per_camera_second: rounded(spent(0, "service")),
          unsynced_service_ms_per_camera_second: rounded(spent(1, "service")),
          recorder_ms_per_camera_second: rounded(recorders),
          unsynced_recorder_ms_per_camera_second: rounded(spent(1, "recorders")),
          syncing_by_recorder: rounded(ratio, 4),
        },
        target: "CPU of the processes that sync at most 3 % of that of the FFmpeg processes",
        met: ratio <= 0.03,
      },
    ]
  } finally {
    for (const service of services) await service.remove()
    await simulator.stop()
  }
}
