import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { touchMillis } from "../domain/coverage.ts"
import type { Span } from "../domain/Segment.ts"
import { type DatabaseUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"
import { deletable } from "./deletable.ts"
import { deletedGaps } from "./deletedGaps.ts"
import type { Cutoff } from "./ExpiredRecordings.ts"
import { type GapColumns, gapFrom, Gaps } from "./Gaps.ts"
import { recordingColumns } from "./recordingColumns.ts"
import { transaction } from "./transaction.ts"

/** Marked recordings of one camera. */
export interface MarkedFiles {
  readonly cameraId: number
  /** Of the camera, to know its directory by. */
  readonly identity: string
  /** Relative to the recordings directory, one in a line: a hundred thousand strings would be garbage of the service. */
  readonly filePaths: string
}

/** Recordings that were marked together: their files are to be unlinked, or are gone already. */
export interface MarkedBatch {
  readonly batchId: number
  readonly recordings: number
  readonly files: ReadonlyArray<MarkedFiles>
}

/** After which recording the next batch of expired ones begins; `endTime` as PostgreSQL writes it. */
export interface ExpiredCursor {
  readonly cameraId: number
  readonly endTime: string
  readonly id: number
}

export interface ExpiredBatch extends MarkedBatch {
  readonly last: ExpiredCursor
}

export interface ExpiredChoice {
  /** In any order, a camera in it once. */
  readonly cutoffs: ReadonlyArray<Cutoff>
  readonly after: ExpiredCursor | null
  /** Files that are in use. */
  readonly except: ReadonlySet<string>
  readonly limit: number
}

interface MarkedColumns {
  readonly batchId: bigint
  readonly cameraId: number
  readonly identity: string
  readonly recordings: bigint
  readonly filePaths: string
  readonly lastEnd: string
  readonly lastId: bigint
}

/** Unix milliseconds: from, to. */
type MarkedSpans = ReadonlyArray<readonly [number, number]>

/** A batch takes well under a second; a slow disk is not a database that is away. */
const patience = "30 seconds"

const longAgo = "-infinity"

const batchFrom = (rows: ReadonlyArray<MarkedColumns>): MarkedBatch | null => {
  const [first] = rows
  if (first === undefined) return null
  return {
    batchId: Number(first.batchId),
    recordings: rows.reduce((sum, { recordings }) => sum + Number(recordings), 0),
    files: rows.map(({ cameraId, identity, filePaths }) => ({ cameraId, identity, filePaths })),
  }
}

/**
 * The rows of recordings that are being deleted: marked ones count nowhere any more.
 *
 * Clips, protected and growing recordings are never marked.
 */
export class DeletionStore extends Context.Service<
  DeletionStore,
  {
    /** Marks those of these rows that may be deleted, and accounts for their time; null where none may. */
    mark(
      ids: ReadonlyArray<number>,
      reason: string,
      atMillis: number,
    ): Effect.Effect<MarkedBatch | null, DatabaseUnavailable>
    /** Marks what has expired, by camera, the oldest first, at most `limit`; null where nothing has. */
    markExpired(
      choice: ExpiredChoice,
      atMillis: number,
    ): Effect.Effect<ExpiredBatch | null, DatabaseUnavailable>
    /** The first batch after that one of which anything is left. */
    nextMarked(afterBatchId: number): Effect.Effect<MarkedBatch | null, DatabaseUnavailable>
    /** Files of a batch are gone, and so are their rows; but the rows of those that were kept count again. */
    settle(batchId: number, keptPaths: ReadonlyArray<string>): Effect.Effect<void, DatabaseUnavailable>
  }
>()("vigia/storage/DeletionStore") {
  static readonly layerNoDeps: Layer.Layer<DeletionStore, never, SqlClient.SqlClient | Gaps> = Layer.effect(
    DeletionStore,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const gaps = yield* Gaps

      const texts = (values: ReadonlyArray<string>) =>
        sql`(SELECT jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`
      const columns = sql.literal(recordingColumns.join(", "))

      const account = Effect.fnUntraced(function* (
        cameraId: number,
        reason: string,
        spans: ReadonlyArray<Span>,
      ) {
        const fromMillis = spans.reduce((least, span) => Math.min(least, span.fromMillis), Infinity)
        const toMillis = spans.reduce((greatest, span) => Math.max(greatest, span.toMillis), -Infinity)
        const known = yield* sql<GapColumns>`
          SELECT * FROM gaps WHERE cause = 'deleted' AND camera_id = ${cameraId} AND detail = ${reason}
            AND end_time >= ${new Date(fromMillis - touchMillis)}
            AND start_time <= ${new Date(toMillis + touchMillis)}`
        yield* gaps.upsertMany(deletedGaps({ cameraId, reason, spans }, known.map(gapFrom)))
      })

      /** Moves the rows of these ids in one statement; answers one row for each camera. */
      const move = Effect.fnUntraced(
        function* (doomed: ReturnType<typeof texts>, reason: string, atMillis: number) {
          const rows = yield* sql<MarkedColumns & { readonly spans: MarkedSpans }>`
            WITH batch AS MATERIALIZED (SELECT nextval('deletion_batches') AS batch_id),
            moved AS (
              DELETE FROM recordings WHERE id = ANY (ARRAY ${doomed})
                AND ${deletable(sql)} RETURNING ${columns}),
            noted AS (
              INSERT INTO deletions (batch_id, marked_at, ${columns})
              SELECT (SELECT batch_id FROM batch), ${new Date(atMillis)}, ${columns} FROM moved),
            edges AS (
              SELECT id, camera_id, start_time, end_time, start_time > ${`${touchMillis} ms`}::interval
                + max(end_time) OVER (PARTITION BY camera_id ORDER BY start_time, id
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begins
              FROM moved),
            islands AS (
              SELECT camera_id, start_time, end_time,
                count(*) FILTER (WHERE begins) OVER (PARTITION BY camera_id ORDER BY start_time, id) AS island
              FROM edges),
            spans AS (
              SELECT camera_id, extract(epoch FROM min(start_time)) * 1000 AS from_millis,
                extract(epoch FROM max(end_time)) * 1000 AS to_millis
              FROM islands GROUP BY camera_id, island)
            SELECT (SELECT batch_id FROM batch) AS batch_id, camera_id, identity, count(*) AS recordings,
              string_agg(file_path, E'\n' ORDER BY end_time, moved.id) AS file_paths,
              (array_agg(end_time::text ORDER BY end_time DESC, moved.id DESC))[1] AS last_end,
              (array_agg(moved.id ORDER BY end_time DESC, moved.id DESC))[1] AS last_id,
              (SELECT jsonb_agg(jsonb_build_array(round(from_millis), round(to_millis))) FROM spans
               WHERE spans.camera_id = moved.camera_id) AS spans
            FROM moved JOIN cameras ON cameras.id = camera_id
            GROUP BY camera_id, identity ORDER BY camera_id`
          for (const { cameraId, spans } of rows) {
            yield* account(
              cameraId,
              reason,
              spans.map(([fromMillis, toMillis]) => ({ fromMillis, toMillis })),
            )
          }
          return rows
        },
        transaction(sql),
        orUnavailableWithin(patience),
      )

      const mark = Effect.fn("DeletionStore.mark")(function* (
        ids: ReadonlyArray<number>,
        reason: string,
        atMillis: number,
      ) {
        const doomed = sql`(SELECT value::bigint FROM jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`
        return batchFrom(yield* move(doomed, reason, atMillis))
      })

      const markExpired = Effect.fn("DeletionStore.markExpired")(function* (
        { cutoffs, after, except, limit }: ExpiredChoice,
        atMillis: number,
      ) {
        const ranges = cutoffs
          .filter(({ cameraId }) => after === null || cameraId >= after.cameraId)
          .map(({ cameraId, beforeMillis }) => ({
            camera: cameraId,
            before: new Date(beforeMillis).toISOString(),
            after_time: cameraId === after?.cameraId ? after.endTime : longAgo,
            after_id: cameraId === after?.cameraId ? after.id : 0,
          }))
        const doomed = sql`(
          SELECT expired.id FROM jsonb_to_recordset(${JSON.stringify(ranges)}::jsonb)
            AS range (camera integer, before timestamptz, after_time timestamptz, after_id bigint)
          CROSS JOIN LATERAL (
            SELECT id, camera_id, end_time FROM recordings
            WHERE camera_id = camera AND end_time < before AND (end_time, id) > (after_time, after_id)
              AND ${deletable(sql)}
              AND file_path NOT IN ${texts([...except])}
            ORDER BY end_time, id LIMIT ${limit}) AS expired
          ORDER BY expired.camera_id, expired.end_time, expired.id LIMIT ${limit})`
        const rows = yield* move(doomed, "expired", atMillis)
        const batch = batchFrom(rows)
        const last = rows.at(-1)
        if (batch === null || last === undefined) return null
        return {
          ...batch,
          last: { cameraId: last.cameraId, endTime: last.lastEnd, id: Number(last.lastId) },
        }
      })

      const nextMarked = Effect.fn("DeletionStore.nextMarked")(function* (afterBatchId: number) {
        const rows = yield* sql<MarkedColumns>`
          SELECT batch_id, camera_id, identity, count(*) AS recordings,
            string_agg(file_path, E'\n' ORDER BY end_time, deletions.id) AS file_paths
          FROM deletions JOIN cameras ON cameras.id = camera_id
          WHERE batch_id = (SELECT min(batch_id) FROM deletions WHERE batch_id > ${afterBatchId})
          GROUP BY batch_id, camera_id, identity ORDER BY camera_id`
        return batchFrom(rows)
      }, orUnavailableWithin(patience))

      const settle = Effect.fn("DeletionStore.settle")(
        function* (batchId: number, keptPaths: ReadonlyArray<string>) {
          if (keptPaths.length > 0) {
            yield* sql`
              INSERT INTO recordings (${columns}) OVERRIDING SYSTEM VALUE
              SELECT ${columns} FROM deletions WHERE batch_id = ${batchId} AND file_path IN ${texts(keptPaths)}
              ON CONFLICT (file_path) DO NOTHING`
            yield* sql`
              UPDATE recordings SET is_protected = true WHERE NOT is_protected AND file_path IN ${texts(keptPaths)}
                AND file_path IN (SELECT file_path FROM protected_files)`
          }
          yield* sql`DELETE FROM deletions WHERE batch_id = ${batchId}`
        },
        transaction(sql),
        orUnavailableWithin(patience),
      )

      return DeletionStore.of({ mark, markExpired, nextMarked, settle })
    }),
  )

  static readonly layer: Layer.Layer<DeletionStore, never, SqlClient.SqlClient> = this.layerNoDeps.pipe(
    Layer.provide(Gaps.layer),
  )
}
