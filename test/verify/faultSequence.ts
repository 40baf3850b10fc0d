import { type Random, randomInteger } from "../../src/demo/simulator/seededRandom.ts"
import type { CameraHandle } from "../../src/demo/simulator/simulator.ts"
import type { Span } from "../../src/domain/Segment.ts"
import type { Trial } from "./Trial.ts"

/** A camera under faults; it may be replaced by its twin, another source under another address. */
export interface FaultyCamera {
  readonly id: number
  /** From asking for it to the answer. */
  readonly added: Span
  readonly twins: readonly [CameraHandle, CameraHandle]
}

/** What was done to a camera. */
export interface FaultReport {
  readonly faults: ReadonlyArray<string>
  /** From asking for the stop to asking for the start. */
  readonly stopped: ReadonlyArray<Span>
  /** From asking for a stop or a start to its answer: the camera is stopped, or not, from some instant of it on. */
  readonly asked: ReadonlyArray<Span>
  /** From asking the camera to send nothing to asking it to go on. */
  readonly stalled: ReadonlyArray<Span>
}

const kinds = ["drop", "reset", "reboot", "stall", "kill", "stop", "replace"] as const

/**
 * Resolves at once, or after the next cut of files where one is near.
 *
 * A stall while FFmpeg probes is placed wrong where a file is cut meanwhile (`ARCHITECTURE.md`, "What is missing").
 */
const untilNoCutWithin = async (millis: number, segmentSeconds: number): Promise<void> => {
  const segmentMillis = segmentSeconds * 1000
  const leftMillis = segmentMillis - (Date.now() % segmentMillis)
  if (leftMillis < millis) await pause(leftMillis)
}

const pause = (millis: number): Promise<void> => new Promise((passed) => setTimeout(passed, millis))

/** Does one fault after the other to a camera, kinds and times by chance, until the time is over. */
export const disturb = async (
  trial: Trial,
  { id, twins }: FaultyCamera,
  random: Random,
  untilMonotonicMillis: number,
  segmentSeconds: number,
): Promise<FaultReport> => {
  const faults: Array<string> = []
  const stopped: Array<Span> = []
  const asked: Array<Span> = []
  const stalled: Array<Span> = []
  let current = 0
  // Every kind in turn, in an order of chance: a short run has them all over a few cameras.
  const offset = randomInteger(random, kinds.length)
  while (performance.now() < untilMonotonicMillis) {
    await pause(1500 + random() * 4500)
    const kind =
      faults.length < kinds.length
        ? kinds[(offset + faults.length * 3) % kinds.length]
        : kinds[randomInteger(random, kinds.length)]
    const camera = twins[current % 2] ?? twins[0]
    faults.push(kind ?? "none")
    switch (kind) {
      case "drop":
        await camera.set({ kind: "dropFin" })
        break
      case "reset":
        await camera.set({ kind: "dropReset" })
        break
      case "reboot":
        await camera.set({ kind: "reboot", downMillis: 300 + random() * 3000 })
        break
      case "stall": {
        const stallMillis = 300 + random() * 3500
        // Probing takes 1.2 s, and the first fragment 0.6 s.
        await untilNoCutWithin(stallMillis + 2000, segmentSeconds)
        const fromMillis = Date.now()
        await camera.set({ kind: "stall" })
        await pause(stallMillis)
        await camera.clear("stall")
        stalled.push({ fromMillis, toMillis: Date.now() })
        break
      }
      case "kill": {
        const run = trial.runOf(id)
        if (run !== undefined) process.kill(run.pid, "SIGKILL")
        break
      }
      case "stop": {
        const fromMillis = Date.now()
        await trial.stop(id)
        asked.push({ fromMillis, toMillis: Date.now() })
        await pause(500 + random() * 3000)
        const toMillis = Date.now()
        stopped.push({ fromMillis, toMillis })
        await trial.start(id)
        asked.push({ fromMillis: toMillis, toMillis: Date.now() })
        break
      }
      case "replace":
        current += 1
        await trial.changeUrl(id, (twins[current % 2] ?? twins[0]).url)
        break
      case undefined:
        break
    }
  }
  return { faults, stopped, asked, stalled }
}
