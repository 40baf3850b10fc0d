import * as Effect from "effect/Effect"
import type { HealthReport } from "../domain/Health.ts"
import type { HealthMonitor } from "../health/HealthMonitor.ts"
import { instant } from "./answers.ts"
import { cameraAnswer } from "./healthAnswers.ts"
import { jsonLine } from "./jsonLine.ts"

/** The figures of a camera, as of a sample: told only to who names this type. */
export const sampledType = "health.sampled"

interface CameraBlock {
  readonly cameraId: number
  readonly text: string
}

/** Many clients are told the same: each report is put into words once. */
const blocks = new WeakMap<HealthReport, ReadonlyArray<CameraBlock>>()

const blocksOf = (report: HealthReport): ReadonlyArray<CameraBlock> => {
  const known = blocks.get(report)
  if (known !== undefined) return known
  const at = instant(report.measuredAtMillis)
  const told = report.cameras.map((camera) => {
    const data = jsonLine({ type: sampledType, at, ...cameraAnswer(camera) })
    // Without an id: the next sample says more than one that was missed, and the ring of events stays as it is.
    return { cameraId: camera.cameraId, text: `event: ${sampledType}\ndata: ${data}\n\n` }
  })
  blocks.set(report, told)
  return told
}

/** What one client is told of samples. */
export interface HealthSamples {
  /** The newest sample as server-sent events; null where it was told already. */
  readonly next: Effect.Effect<string | null>
  /** Completes when there is a newer one. */
  readonly newer: Effect.Effect<void>
}

/** Samples for one client; it hears the newest alone, however long it took nothing. */
export const healthSamples = (
  monitor: Pick<HealthMonitor["Service"], "current" | "newerThan">,
  isWanted: (cameraId: number) => boolean,
): HealthSamples => {
  let told: HealthReport | null = null
  return {
    next: Effect.map(monitor.current, (report) => {
      if (report === told) return null
      told = report
      const wanted = blocksOf(report).filter(({ cameraId }) => isWanted(cameraId))
      return wanted.length === 0 ? null : wanted.map(({ text }) => text).join("")
    }),
    newer: Effect.suspend(() => (told === null ? Effect.void : monitor.newerThan(told))),
  }
}

/** For who did not ask for them. */
export const noSamples: HealthSamples = { next: Effect.succeed(null), newer: Effect.never }
