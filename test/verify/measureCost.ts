import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { ServiceProcess } from "../../src/demo/ServiceProcess.ts"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import type { VideoClipName } from "../../src/demo/simulator/clipProfiles.ts"
import { ffmpegArguments } from "../../src/recorder/ffmpegArguments.ts"
import { stringify } from "yaml"
import { writeFileSync } from "node:fs"
import { awaitFact } from "../support/awaitFact.ts"
import { childrenNamed, cpuSeconds, residentBytes } from "./processCost.ts"

export interface CostOptions {
  readonly cameras: number
  readonly seconds: number
  /** Between the last camera's start and the measured time: until then V8 compiles what runs often. */
  readonly warmupSeconds: number
  readonly video: VideoClipName
}

/** What a service costs while all its cameras record; ratios, since absolute times drift with the machine. */
export interface Cost {
  readonly serviceCpuSeconds: number
  readonly recordersCpuSeconds: number
  readonly bareCpuSeconds: number
  /** CPU of the service, without its database, by that of its FFmpeg children. */
  readonly serviceToRecorders: number
  /** CPU of the FFmpeg children by that of as many bare FFmpeg processes in the same seconds. */
  readonly recordersToBare: number
  readonly serviceResidentBytes: number
  readonly importOnlyResidentBytes: number
  readonly residentToImportOnly: number
}

const total = (pids: ReadonlyArray<number>): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)

const importOnly = async (): Promise<number> => {
  const child = spawn(process.execPath, [resolve("test/verify/importOnly.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  await new Promise((imported) => child.stdout.once("data", imported))
  const bytes = residentBytes(child.pid ?? 0)
  const exited = new Promise((gone) => child.once("exit", gone))
  child.kill("SIGKILL")
  await exited
  return bytes
}

const spawnBare = (url: string, runDirectory: string): ChildProcess => {
  mkdirSync(runDirectory, { recursive: true })
  return spawn(
    "ffmpeg",
    ffmpegArguments({
      url,
      transport: "tcp",
      profile: { videoCodec: "h264", audioCodec: null },
      audio: "as_probed",
      probing: "fast",
      codec: "copy",
      bitrate: "2M",
      segmentDurationSeconds: 3600,
      runDirectory,
    }),
    { stdio: "ignore" },
  )
}

/** Runs a service and as many bare FFmpeg processes side by side on the same simulated cameras. */
export const measureCost = async ({ cameras, seconds, warmupSeconds, video }: CostOptions): Promise<Cost> => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-cost-"))
  const paths = Array.from({ length: cameras }, (_, at) => `c${at}`)
  const simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: paths.map((path) => ({ path, video })),
  })
  const camerasFile = join(directory, "cameras.yaml")
  const entries = paths.map((path) => ({ name: path, url: simulator.camera(path).url }))
  writeFileSync(camerasFile, stringify({ owners: [{ name: "cost", plan: "basic", cameras: entries }] }))
  const bare: Array<ChildProcess> = []
  const service = await ServiceProcess.start(directory, {
    camerasFile,
    environment: { RECORDING_SEGMENT_DURATION: "3600" },
  })
  try {
    for (const path of paths) bare.push(spawnBare(simulator.camera(path).url, join(directory, "bare", path)))
    await awaitFact(
      "all cameras are played by the service and by the bare recorders",
      async () => {
        const counters = await Promise.all(simulator.cameras.map((camera) => camera.counters()))
        const players = counters.map(
          ({ sessions }) =>
            sessions.filter((session) => session.endedAtMillis === null && session.framesSent > 125).length,
        )
        return players.every((count) => count === 2)
      },
      120_000,
    )
    await new Promise((passed) => setTimeout(passed, warmupSeconds * 1000))
    const recorders = childrenNamed(service.pid, "ffmpeg")
    const barePids = bare.map(({ pid }) => pid ?? 0)
    const before = [cpuSeconds(service.pid), total(recorders), total(barePids)] as const
    await new Promise((passed) => setTimeout(passed, seconds * 1000))
    const after = [cpuSeconds(service.pid), total(recorders), total(barePids)] as const
    const [own = 0, children = 0, others = 0] = after.map((value, at) => value - (before[at] ?? 0))
    const serviceResidentBytes = residentBytes(service.pid)
    const importOnlyResidentBytes = await importOnly()
    return {
      serviceCpuSeconds: own,
      recordersCpuSeconds: children,
      bareCpuSeconds: others,
      serviceToRecorders: own / children,
      recordersToBare: children / others,
      serviceResidentBytes,
      importOnlyResidentBytes,
      residentToImportOnly: serviceResidentBytes / importOnlyResidentBytes,
    }
  } finally {
    await Promise.all(
      bare.map((child) => {
        const exited = new Promise((gone) => child.once("exit", gone))
        child.kill("SIGTERM")
        return exited
      }),
    )
    await service.stop()
    await simulator.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
