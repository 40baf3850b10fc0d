import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cause } from "../domain/Cause.ts"
import { coverage, type Coverage, touchMillis } from "../domain/coverage.ts"
import type { SegmentSummary, Span } from "../domain/Segment.ts"
import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import { redact } from "../logging/redact.ts"
import { type KnownOutage, knownOutages } from "./accounting/knownOutages.ts"
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
import type { CatalogBatch } from "./catalogBatch.ts"
import { CatalogStore } from "./CatalogStore.ts"
import { type CatalogHealth, makeCatalogWriter } from "./CatalogWriter.ts"
import type { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import type { RecordedFile } from "./durability/recordingPaths.ts"
import { addFrames, type FrameSums, frameSums } from "./frameSums.ts"
import { mergedFacts } from "./mergedFacts.ts"
import { makePendingRowsFile, noPendingRowsFile } from "./PendingRowsFile.ts"
import { takeOverCatalog } from "./takeOverCatalog.ts"
import { untilDatabaseAnswers } from "./untilDatabaseAnswers.ts"

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

/** Files of a camera that the catalog has in memory; paths are relative to the recordings directory. */
export interface KnownFiles {
  /** Their rows are the catalog's own affair now: the file grows, or its row is not written yet. */
  readonly busy: ReadonlySet<string>
  /** Growing by the database at the start of this life, and nobody has told how they went on. */
  readonly unsettled: ReadonlySet<string>
  /** The last segments: a change of one of these is to be told to `segmentsChanged` too. */
  readonly remembered: ReadonlyMap<string, SegmentSummary>
}

export interface CatalogOptions {
  /** Where rows are kept on disk while the database is away; nowhere by default. */
  readonly stateDirectory?: string
  /** How old a row may be while a segment grows; 10 s by default. */
  readonly flushIntervalMillis?: number
  /** What of a batch may be committed now, the rest staying pending; all of it by default. */
  readonly committable?: (batch: CatalogBatch) => Effect.Effect<CatalogBatch>
  /** Told of segments and gaps that began or ended, as soon as the memory knows; nobody by default. */
  readonly publish?: (event: VigiaEvent) => void
}

const longestDetail = 500

/** PostgreSQL takes neither NUL nor half a surrogate pair in text; a secret never gets as far as a row. */
const storable = (detail: string): string =>
  redact(detail).toWellFormed().replaceAll("\0", "").slice(0, longestDetail).toWellFormed()

/**
 * The only writer of recordings, gaps and enabled periods while the service runs.
 *
 * It works in memory: no method but `coverage`, `account` and `flush` touches the database, so that recording goes on while
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
    /** What `coverage` answers, with the frames of the recordings in the same range. */
    account(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<{ readonly coverage: KnownCoverage; readonly frames: FrameSums }, DatabaseUnavailable>
    snapshot(cameraId: number): CatalogSnapshot
    /** The last outages of a camera, in order of time, from memory. */
    outages(cameraId: number): Effect.Effect<ReadonlyArray<KnownOutage>>
    /** Files that grow, as the disk said last to this life of the service. */
    growingFiles(): ReadonlyArray<RecordedFile>
    /** For a repair, which leaves alone what the catalog is busy with. */
    knownFiles(cameraId: number): KnownFiles
    /** Somebody else changed rows of recordings: the sums are taken from the database again, soon. */
    readonly recount: Effect.Effect<void>
    readonly health: Effect.Effect<CatalogHealth>
  }
>()("vigia/storage/Catalog") {
  static readonly layerNoDeps = (
    options: CatalogOptions = {},
  ): Layer.Layer<Catalog, DatabaseUnavailable, CatalogStore> =>
    Layer.effect(
      Catalog,
      Effect.gen(function* () {
        const store = yield* CatalogStore
        const life = randomUUID()
        const file =
          options.stateDirectory === undefined
            ? noPendingRowsFile
            : makePendingRowsFile(options.stateDirectory)
        // Before anything is read: what an earlier life could not write belongs to what the database knows.
        yield* takeOverCatalog(store, file, life)
        const patiently = untilDatabaseAnswers("The database")
        const seed = yield* patiently(store.seed)
        const memory = new CatalogMemory(
          seed,
          yield* patiently(store.totals),
          options.publish ?? (() => undefined),
        )
        const writer = yield* makeCatalogWriter({
          store,
          memory,
          file,
          life,
          flushIntervalMillis: options.flushIntervalMillis ?? 10_000,
          committable: options.committable ?? Effect.succeed,
        })
        const enabled = new Set(
          seed.cameras.filter(({ isEnabled }) => isEnabled).map(({ cameraId }) => cameraId),
        )
        const known = new Set(memory.cameraIds)

        const change = (apply: () => Urgency): Effect.Effect<void> =>
          Effect.suspend(() => (apply() === "now" ? writer.hurry : Effect.void))

        const unsettled = new Set<string>()

        const recover = (nowMillis: number): Effect.Effect<void> =>
          Effect.suspend(() => {
            for (const cameraId of known) {
              for (const { filePath, state, isReported } of memory.ledger(cameraId).segments) {
                if (state === "growing" && !isReported) unsettled.add(filePath)
              }
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

        const account = Effect.fn("Catalog.account")(function* (
          cameraId: number,
          fromMillis: number,
          toMillis: number,
        ) {
          // Before both queries, as there.
          const pending = memory.pending.of(cameraId).recordings
          const accounted = yield* covered(cameraId, fromMillis, toMillis)
          const paths = pending.map(({ filePath }) => filePath)
          const written = yield* store.frames(cameraId, accounted.range, paths)
          return { coverage: accounted, frames: addFrames(written, frameSums(pending, accounted.range)) }
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

        const knownFiles = (cameraId: number): KnownFiles => {
          const { segments } = memory.ledger(cameraId)
          const growing = segments.filter(({ state }) => state === "growing")
          const pending = memory.pending.of(cameraId).recordings
          const left = segments.filter(({ filePath, isReported }) => !isReported && unsettled.has(filePath))
          return {
            busy: new Set([...growing, ...pending].map(({ filePath }) => filePath)),
            unsettled: new Set(left.map(({ filePath }) => filePath)),
            remembered: new Map(segments.map((segment) => [segment.filePath, segment])),
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
          account,
          snapshot,
          outages: (cameraId) => Effect.sync(() => knownOutages(memory.ledger(cameraId))),
          growingFiles: () => memory.growingFiles,
          knownFiles,
          recount: writer.recount,
          health: writer.health,
        })
      }),
    )

  static readonly layer = (options: CatalogOptions = {}) =>
    this.layerNoDeps(options).pipe(Layer.provide(CatalogStore.layer))
}
