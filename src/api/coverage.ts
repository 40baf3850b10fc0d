import * as Effect from "effect/Effect"
import type { Context } from "hono"
import { Cameras } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { instant, seconds } from "./answers.ts"
import { CoverageQuery, pathId, query, range } from "./requests.ts"

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
      spans: coverage.spans.map((span) => ({
        kind: span.kind,
        from: instant(span.fromMillis),
        to: instant(span.toMillis),
        ...(span.kind === "gap" ? { cause: span.cause } : {}),
      })),
    },
  }
})
