import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cause } from "../domain/Cause.ts"
import { coverage, type Coverage, touchMillis } from "../domain/coverage.ts"
import type { SegmentSummary, Span } from "../domain/Segment.ts"
import { redact } from "../logging/redact.ts"
import { coveredUntil, openOutage, openPeriod, outageSpan } from "./accounting/ledger.ts"
import type { Urgency } from "./accounting/PendingRows.ts"
import {
  cameraDisabled,
  cameraEnabled,
  outageBegan,
  recovered,
  segmentChanged,
} from "./accounting/transitions.ts"
import { CatalogMemory } from "./CatalogMemory.ts"
import { CatalogStore } from "./CatalogStore.ts"
import { type CatalogHealth, makeCatalogWriter } from "./CatalogWriter.ts"
import type { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import { mergedFacts } from "./mergedFacts.ts"

/** What is known of a camera right now, from memory. */
export interface CatalogSnapshot {
  /** Relative to the recordings directory; null while nothing is recorded. */
  readonly currentFile: string | null
  /** The file reported last, whether it still grows or not; null before the first report of this service. */
  readonly latestFile: string | null
  /** The end of everything recorded; null when nothing ever was. */
  readonly coveredUntilMillis: number | null
  readonly openGap: {
    readonly cause: Cause
    readonly detail: string | null
    readonly sinceMillis: number
  } | null
  readonly totalBytes: number
  readonly recordings: number
}

/** An account of a range, as far as it can be known: `range` ends at `knownUntilMillis` at the latest. */
export interface KnownCoverage extends Coverage {
  readonly range: Span
  /** Now, or for a camera that records the end of its last whole fragment. */
  readonly knownUntilMillis: number
}

const longestDetail = 500

/** PostgreSQL takes neither NUL nor half a surrogate pair in text; a secret never gets as far as a row. */
const storable = (detail: string): string =>
  redact(detail).toWellFormed().replaceAll("\0", "").slice(0, longestDetail).toWellFormed()

/**
 * The only writer of recordings, gaps and enabled periods while the service runs.
 *
 * It works in memory: no method but `coverage` and `flush` touches the database, so that recording goes on while
 * the database is away. Rows follow: soon after something began or ended, else at least every flush interval,
 * in one transaction with the heartbeat. Releasing the layer writes what is left.
 */
export class Catalog extends Context.Service<
  Catalog,
  {
    /** The camera is to be recorded from `atMillis`; nothing, when it already is. */
    cameraEnabled(cameraId: number, atMillis: number): Effect.Effect<void>
    /** The operator stopped the camera at `atMillis`; called after the final summary of its run. */
    cameraDisabled(cameraId: number, atMillis: number): Effect.Effect<void>
    /** What the disk says, whenever it says something new; also for files that a repair found. */
    segmentsChanged(summaries: ReadonlyArray<SegmentSummary>): Effect.Effect<void>
    /** A run ended or could not begin; called after its final summary. `detail` is redacted here once more. */
    outageBegan(cameraId: number, cause: Cause, detail: string | null, atMillis: number): Effect.Effect<void>
    /** Once at start, after the files on disk were passed to `segmentsChanged`: accounts for the service's absence. */
    recover(nowMillis: number): Effect.Effect<void>
    /** Writes everything now; fails when the database is away, and keeps the rows. */
    readonly flush: Effect.Effect<void, DatabaseUnavailable>
    coverage(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<KnownCoverage, DatabaseUnavailable>
    snapshot(cameraId: number): CatalogSnapshot
    readonly health: Effect.Effect<CatalogHealth>
  }
>()("vigia/storage/Catalog") {
  /** @param options.flushIntervalMillis how old a row may be while a segment grows; 10 s by default */
  static readonly layerNoDeps = (
    options: { readonly flushIntervalMillis?: number } = {},
  ): Layer.Layer<Catalog, DatabaseUnavailable, CatalogStore> =>
    Layer.effect(
      Catalog,
      Effect.gen(function* () {
        const store = yield* CatalogStore
        const seed = yield* store.seed
        const memory = new CatalogMemory(seed, yield* store.totals)
        const writer = yield* makeCatalogWriter(store, memory, options.flushIntervalMillis ?? 10_000)
        const enabled = new Set(
          seed.cameras.filter(({ isEnabled }) => isEnabled).map(({ cameraId }) => cameraId),
        )
        const known = new Set(memory.cameraIds)

        const change = (apply: () => Urgency): Effect.Effect<void> =>
          Effect.suspend(() => (apply() === "now" ? writer.hurry : Effect.void))

        const recover = (nowMillis: number): Effect.Effect<void> =>
          Effect.suspend(() => {
            for (const cameraId of known) {
              memory.apply(cameraId, (ledger) =>
                enabled.has(cameraId)
                  ? recovered(ledger, seed.lastSeenMillis, nowMillis)
                  : cameraDisabled(
                      recovered(ledger, seed.lastSeenMillis, nowMillis),
                      Math.min(seed.lastSeenMillis ?? nowMillis, nowMillis),
                    ),
              )
            }
            return writer.recovered
          })

        /** The end of what can be known of a camera: of one that records, the end of its last fragment. */
        const knownUntil = (cameraId: number, nowMillis: number): number => {
          const ledger = memory.ledger(cameraId)
          const isRecording = openPeriod(ledger) !== undefined && openOutage(ledger) === undefined
          return isRecording ? (coveredUntil(ledger) ?? nowMillis) : nowMillis
        }

        const covered = Effect.fn("Catalog.coverage")(function* (
          cameraId: number,
          fromMillis: number,
          toMillis: number,
        ) {
          const nowMillis = yield* Clock.currentTimeMillis
          const knownUntilMillis = knownUntil(cameraId, nowMillis)
          // Before the query: a row that is written meanwhile is then in both, never in neither.
          const pending = memory.pending.of(cameraId)
          const stored = yield* store.facts(cameraId, fromMillis - touchMillis, toMillis + touchMillis)
          const range = {
            fromMillis,
            toMillis: Math.max(fromMillis, Math.min(toMillis, knownUntilMillis)),
          }
          return { ...coverage({ range, ...mergedFacts(stored, pending) }), range, knownUntilMillis }
        })

        const snapshot = (cameraId: number): CatalogSnapshot => {
          const ledger = memory.ledger(cameraId)
          const open = openOutage(ledger)
          const growing = ledger.segments.findLast(
            ({ state, isReported }) => state === "growing" && isReported,
          )
          const totals = memory.totals(cameraId)
          return {
            currentFile: open === undefined ? (growing?.filePath ?? null) : null,
            latestFile: ledger.segments.findLast(({ isReported }) => isReported)?.filePath ?? null,
            coveredUntilMillis: coveredUntil(ledger),
            openGap:
              open === undefined
                ? null
                : {
                    cause: open.cause,
                    detail: open.detail,
                    sinceMillis: outageSpan(ledger, open).fromMillis,
                  },
            totalBytes: totals.bytes,
            recordings: totals.recordings,
          }
        }

        return Catalog.of({
          cameraEnabled: (cameraId, atMillis) =>
            change(() => memory.apply(cameraId, (ledger) => cameraEnabled(ledger, Math.round(atMillis)))),
          cameraDisabled: (cameraId, atMillis) =>
            change(() => memory.apply(cameraId, (ledger) => cameraDisabled(ledger, Math.round(atMillis)))),
          segmentsChanged: (summaries) =>
            change(() => {
              const urgencies = summaries
                .toSorted((a, b) => a.startedAtMillis - b.startedAtMillis)
                .map((summary) => memory.apply(summary.cameraId, (ledger) => segmentChanged(ledger, summary)))
              return urgencies.includes("now") ? "now" : "soon"
            }),
          outageBegan: (cameraId, cause, detail, atMillis) =>
            change(() =>
              memory.apply(cameraId, (ledger) =>
                outageBegan(ledger, cause, detail === null ? null : storable(detail), Math.round(atMillis)),
              ),
            ),
          recover: (nowMillis) => recover(Math.round(nowMillis)),
          flush: writer.flush,
          coverage: covered,
          snapshot,
          health: writer.health,
        })
      }),
    )

  static readonly layer = (options: { readonly flushIntervalMillis?: number } = {}) =>
    this.layerNoDeps(options).pipe(Layer.provide(CatalogStore.layer))
}
