import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"

export type CleanupReason = "schedule" | "missed" | "asked"

/** What could not be deleted, or why a pass ended early (then without a path). */
export interface CleanupError {
  readonly path: string | null
  readonly code: string
}

/** What a pass did so far. */
export interface CleanupTally {
  /** Cameras that lost a recording. */
  readonly cameras: number
  readonly files: number
  readonly bytes: number
  readonly errors: number
  /** Recordings that had expired by the clock alone, and were kept, since it was set. */
  readonly heldBack: number
  /** The first of them. */
  readonly errorList: ReadonlyArray<CleanupError>
}

export interface CleanupPass extends CleanupTally {
  readonly id: number
  readonly reason: CleanupReason
  readonly startedAtMillis: number
  /** Null while it runs, and for one that ended with its service. */
  readonly endedAtMillis: number | null
  /** Everything that had expired was looked at; single files may have failed. */
  readonly isComplete: boolean
}

interface PassColumns extends Omit<CleanupPass, "id" | "bytes" | "startedAtMillis" | "endedAtMillis"> {
  readonly id: bigint
  readonly bytes: bigint
  readonly startedAt: Date
  readonly endedAt: Date | null
}

const passFrom = ({ id, bytes, startedAt, endedAt, ...row }: PassColumns): CleanupPass => ({
  id: Number(id),
  reason: row.reason,
  startedAtMillis: startedAt.getTime(),
  endedAtMillis: endedAt?.getTime() ?? null,
  isComplete: row.isComplete,
  cameras: row.cameras,
  files: row.files,
  bytes: Number(bytes),
  errors: row.errors,
  heldBack: row.heldBack,
  errorList: row.errorList,
})

/** The record of what was cleaned up and when. */
export class CleanupPasses extends Context.Service<
  CleanupPasses,
  {
    /** A pass begins; answers its id. */
    begin(reason: CleanupReason, atMillis: number): Effect.Effect<number, DatabaseUnavailable>
    end(
      id: number,
      tally: CleanupTally,
      isComplete: boolean,
      atMillis: number,
    ): Effect.Effect<void, DatabaseUnavailable>
    /** The newest first. */
    last(limit: number): Effect.Effect<ReadonlyArray<CleanupPass>, DatabaseUnavailable>
    /** When the last complete pass ended; null before the first. */
    readonly lastCompleteMillis: Effect.Effect<number | null, DatabaseUnavailable>
    /** Somebody ends cleanups: nothing that was due by then is caught up. */
    noteCancelled(atMillis: number): Effect.Effect<void, DatabaseUnavailable>
    /**
     * When the last complete pass up to now began, or somebody ended cleanups since; before the first, since when there
     * is anybody to record for. Null while there is nobody.
     */
    cleanSince(nowMillis: number): Effect.Effect<number | null, DatabaseUnavailable>
  }
>()("vigia/storage/CleanupPasses") {
  static readonly layer: Layer.Layer<CleanupPasses, never, SqlClient.SqlClient> = Layer.effect(
    CleanupPasses,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const begin = Effect.fn("CleanupPasses.begin")(function* (reason: CleanupReason, atMillis: number) {
        const rows = yield* sql<{ id: bigint }>`
          INSERT INTO cleanup_passes (reason, started_at) VALUES (${reason}, ${new Date(atMillis)}) RETURNING id`
        return Number(rows[0]?.id ?? 0)
      }, orUnavailable)

      const end = Effect.fn("CleanupPasses.end")(
        (id: number, tally: CleanupTally, isComplete: boolean, atMillis: number) =>
          Effect.asVoid(sql`
            UPDATE cleanup_passes SET ended_at = ${new Date(atMillis)}, is_complete = ${isComplete},
              cameras = ${tally.cameras}, files = ${tally.files}, bytes = ${tally.bytes}, errors = ${tally.errors},
              held_back = ${tally.heldBack},
              error_list = ${JSON.stringify(tally.errorList)}::jsonb
            WHERE id = ${id}`),
        orUnavailable,
      )

      const last = Effect.fn("CleanupPasses.last")(function* (limit: number) {
        const rows = yield* sql<PassColumns>`
          SELECT * FROM cleanup_passes ORDER BY id DESC LIMIT ${limit}`
        return rows.map(passFrom)
      }, orUnavailable)

      const cleanSince = Effect.fn("CleanupPasses.cleanSince")(function* (nowMillis: number) {
        const now = new Date(nowMillis)
        const rows = yield* sql<{ since: Date | null }>`
          SELECT COALESCE(
            GREATEST(
              (SELECT max(started_at) FROM cleanup_passes WHERE is_complete AND started_at <= ${now}),
              (SELECT max(cleanup_cancelled_at) FROM service_state WHERE cleanup_cancelled_at <= ${now})),
            (SELECT min(created_at) FROM owners)) AS since`
        return rows[0]?.since?.getTime() ?? null
      }, orUnavailable)

      const noteCancelled = Effect.fn("CleanupPasses.noteCancelled")(
        (atMillis: number) =>
          Effect.asVoid(sql`UPDATE service_state SET cleanup_cancelled_at = ${new Date(atMillis)}`),
        orUnavailable,
      )

      const lastCompleteMillis = sql<{ atTime: Date | null }>`
        SELECT max(ended_at) AS at_time FROM cleanup_passes WHERE is_complete`.pipe(
        Effect.map((rows) => rows[0]?.atTime?.getTime() ?? null),
        orUnavailable,
        Effect.withSpan("CleanupPasses.lastCompleteMillis"),
      )

      return CleanupPasses.of({ begin, end, last, lastCompleteMillis, noteCancelled, cleanSince })
    }),
  )
}
