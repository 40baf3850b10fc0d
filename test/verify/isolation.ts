import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { CameraHandle, CameraOptions } from "../../src/demo/simulator/simulator.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { cameraFiles } from "./cameraFiles.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest } from "./verdict.ts"

export interface IsolationOptions extends TrialGround {
  readonly seed: number
  readonly healthy: number
  /** How long both kinds are recorded together once the healthy ones record. */
  readonly seconds: number
}

/** A camera that never works for long, and what keeps it failing. */
interface Failing {
  readonly options: Omit<CameraOptions, "path">
  readonly again?: (camera: CameraHandle) => Promise<void>
  readonly everyMillis?: number
}

const credentials = { scheme: "digest", username: "admin", password: "none-has-it" } as const

const failings: Readonly<Record<string, Failing>> = {
  refuses: { options: { port: 0, faults: [{ kind: "refuse" }] } },
  silent: { options: { faults: [{ kind: "silent" }] } },
  unauthorized: { options: { credentials } },
  missing: { options: { faults: [{ kind: "status", statusCode: 404 }] } },
  garbled: { options: { faults: [{ kind: "brokenSdp" }] } },
  http: { options: { faults: [{ kind: "httpServer", keepsOpen: true }] } },
  stalls: { options: {}, again: (camera) => camera.set({ kind: "stall" }), everyMillis: 4000 },
  drops: { options: {}, again: (camera) => camera.set({ kind: "dropReset" }), everyMillis: 700 },
  reboots: {
    options: { port: 0 },
    again: (camera) => camera.set({ kind: "reboot", downMillis: 1500 }),
    everyMillis: 5000,
  },
  floods: {
    options: { video: "h264-1080p", audio: "pcma", faults: [{ kind: "packetLoss", probability: 0.3 }] },
    again: (camera) => camera.set({ kind: "dropFin" }),
    everyMillis: 2500,
  },
}

/** What a healthy camera lost, by the stamps in its files and the counters of the simulator. */
const losses = async (trial: Trial, id: number, camera: CameraHandle) => {
  const sequences = cameraFiles(trial.cameraDirectory(id)).flatMap(({ path }) =>
    readFrameStamps(path).map(({ sequence }) => sequence),
  )
  const first = Math.min(...sequences)
  const last = Math.max(...sequences)
  const { sessions } = await camera.counters()
  const played = sessions.filter(
    ({ firstSequence, lastSequence }) => (firstSequence ?? Infinity) <= first && (lastSequence ?? 0) >= last,
  )
  const session = played[0]
  return {
    frames: new Set(sequences).size,
    lost: last - first + 1 - new Set(sequences).size,
    repeated: sequences.length - new Set(sequences).size,
    head: first - (session?.firstSequence ?? Number.NaN),
    tail: (session?.lastSequence ?? Number.NaN) - last,
    notSent: session?.framesNotSent ?? Number.NaN,
    sessions: played.length,
  }
}

/** Healthy cameras beside ten that fail without end, each in another way. */
export const measureIsolation = async (options: IsolationOptions): Promise<ReadonlyArray<Verdict>> => {
  const healthyPaths = Array.from({ length: options.healthy }, (_, at) => `healthy${at}`)
  const cameras = [
    ...Object.entries(failings).map(([path, failing]) => ({ path, ...failing.options })),
    ...healthyPaths.map((path) => ({ path })),
  ]
  const environment = {
    // Twenty cameras that start at once beside other tests need more than 5 s for a first fragment.
    RECORDING_CONNECT_TIMEOUT: "12",
    RECORDING_RETRY_INITIAL: "0.5",
    RECORDING_RETRY_MAX: "2",
    RECORDING_RETRY_PERMANENT: "2",
    RECORDING_HEALTHY_SPELL: "2",
  }
  return Trial.run({ ...options, environment, cameras }, async (trial) => {
    const timers: Array<NodeJS.Timeout> = []
    const troubles: Array<unknown> = []
    const failing: Array<{ readonly name: string; readonly id: number }> = []
    try {
      for (const [name, { again, everyMillis }] of Object.entries(failings)) {
        const camera = trial.simulator.camera(name)
        failing.push({ name, id: await trial.add(name, camera.url) })
        if (again === undefined) continue
        const fail = () => void again(camera).catch((error: unknown) => troubles.push(error))
        timers.push(setInterval(fail, everyMillis))
      }
      const healthy: Array<{ readonly path: string; readonly id: number }> = []
      for (const path of healthyPaths) {
        healthy.push({ path, id: await trial.add(path, trial.simulator.camera(path).url) })
      }
      const state = async (id: number) => (await trial.state(id)).state
      const allRecord = async () =>
        (await Promise.all(healthy.map(({ id }) => state(id)))).every((name) => name === "recording")
      await awaitFact("all healthy cameras record", allRecord, 60_000)
      const runs = healthy.map(({ id }) => trial.runOf(id)?.runId)
      await new Promise((passed) => setTimeout(passed, options.seconds * 1000))
      await awaitFact(
        "each failing camera has failed again and again",
        async () => {
          const states = await Promise.all(failing.map(({ id }) => trial.state(id)))
          return states.every(({ failures }) => failures >= 2)
        },
        60_000,
      )
      const restarted = healthy.filter(({ id }, at) => trial.runOf(id)?.runId !== runs[at])
      await trial.stopAll(healthy.map(({ id }) => id))
      const failures = await Promise.all(failing.map(async ({ id }) => (await trial.state(id)).failures))
      const neverFailed = failing.filter((_, at) => (failures[at] ?? 0) < 2)

      const kept = await Promise.all(
        healthy.map(({ id, path }) => losses(trial, id, trial.simulator.camera(path))),
      )
      const untilMillis = Date.now()
      const coverages = await Promise.all(
        healthy.map(({ id }) => trial.coverage(id, untilMillis - (options.seconds + 90) * 1000, untilMillis)),
      )
      const gaps = coverages.flatMap(({ spans }) =>
        spans.filter(({ kind, cause }) => kind === "gap" && cause !== "starting"),
      )
      const recordedSpans = coverages.map(
        ({ spans }) => spans.filter(({ kind }) => kind === "recorded").length,
      )
      if (troubles.length > 0) throw new AggregateError(troubles, "the simulator took no fault")
      return [
        {
          name: "isolation.failing",
          figures: {
            cameras: failing.length,
            failures: failures.reduce((sum, count) => sum + count, 0),
            failed_less_than_twice: neverFailed.map(({ name }) => name).join(" ") || "none",
          },
          target: "each failing camera fails again and again",
          met: neverFailed.length === 0,
        },
        {
          name: "isolation.healthy",
          figures: {
            cameras: healthy.length,
            seconds: options.seconds,
            frames: kept.reduce((sum, { frames }) => sum + frames, 0),
            lost_frames: kept.reduce((sum, { lost, repeated }) => sum + lost + repeated, 0),
            frames_not_read: kept.reduce((sum, { notSent }) => sum + notSent, 0),
            head_frames: greatest(kept.map(({ head }) => head)),
            tail_frames: greatest(kept.map(({ tail }) => tail)),
            gaps: gaps.length,
            restarts: restarted.length,
          },
          target: "no gap, no lost frame, no restart of the healthy cameras",
          met:
            gaps.length === 0 &&
            restarted.length === 0 &&
            recordedSpans.every((count) => count === 1) &&
            kept.every(
              ({ frames, lost, repeated, notSent, sessions }) =>
                frames >= options.seconds * 25 &&
                lost === 0 &&
                repeated === 0 &&
                notSent === 0 &&
                sessions === 1,
            ),
        },
      ]
    } finally {
      for (const timer of timers) clearInterval(timer)
    }
  })
}
