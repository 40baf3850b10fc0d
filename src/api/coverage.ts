import * as Effect from "effect/Effect"
import type { Context } from "hono"
import { Cameras } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { Recordings } from "../storage/Recordings.ts"
import { Supervision } from "../supervision/Supervision.ts"
import { instant, seconds } from "./answers.ts"
import { pathId, query, range } from "./reading.ts"
import { CoverageQuery } from "./requests.ts"

/** What coverage alone does not say: `audio_missing` where the camera advertises sound that is not recorded. */
const notesOf = Effect.fnUntraced(function* (cameraId: number, fromMillis: number, toMillis: number) {
  const { alerts } = yield* (yield* Supervision).state(cameraId)
  if (alerts.some(({ kind }) => kind === "audio_missing")) return ["audio_missing"]
  const isMissing = yield* (yield* Recordings).isAudioMissing(cameraId, fromMillis, toMillis)
  return isMissing ? ["audio_missing"] : []
})

/** Recorded time, gaps with their cause, and stopped time: together exactly the range, up to `known_until`. */
export const coverageAnswer = Effect.fnUntraced(function* (context: Context) {
  const id = yield* pathId(context)
  const { from, to } = yield* query(context, CoverageQuery)
  const { fromMillis, toMillis } = yield* range(from, to)
  yield* (yield* Cameras).get(id)
  const coverage = yield* (yield* Catalog).coverage(id, fromMillis, toMillis)
  return {
    body: {
      camera_id: id,
      from: instant(fromMillis),
      to: instant(toMillis),
      known_until: instant(coverage.knownUntilMillis),
      recorded_seconds: seconds(coverage.recordedMillis),
      gap_seconds: seconds(coverage.gapMillis),
      stopped_seconds: seconds(coverage.stoppedMillis),
      notes: yield* notesOf(id, fromMillis, toMillis),
      spans: coverage.spans.map((span) => ({
        kind: span.kind,
        from: instant(span.fromMillis),
        to: instant(span.toMillis),
        ...(span.kind === "gap" ? { cause: span.cause } : {}),
      })),
    },
  }
})
