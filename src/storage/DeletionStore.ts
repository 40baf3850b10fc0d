import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { touchMillis } from "../domain/coverage.ts"
import { type DatabaseUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"
import { deletedGaps } from "./deletedGaps.ts"
import { type GapColumns, gapFrom, Gaps } from "./Gaps.ts"
import { transaction } from "./transaction.ts"

/** A row that is marked: its file is to be unlinked, or is gone already. */
export interface MarkedRecording {
  readonly id: number
  readonly cameraId: number
  /** Of the camera, to know its directory by. */
  readonly identity: string
  /** Relative to the recordings directory. */
  readonly filePath: string
}

interface MarkedColumns {
  readonly id: bigint
  readonly cameraId: number
  readonly identity: string
  readonly filePath: string
}

const markedFrom = ({ id, ...columns }: MarkedColumns): MarkedRecording => ({ id: Number(id), ...columns })

/** A batch takes well under a second; a slow disk is not a database that is away. */
const patience = "30 seconds"

/** The rows of recordings that are being deleted. */
export class DeletionStore extends Context.Service<
  DeletionStore,
  {
    /**
     * Marks those of these rows that may be deleted, and accounts for their time; answers them.
     *
     * Clips, protected and growing recordings are not marked, nor what is marked already.
     */
    mark(
      ids: ReadonlyArray<number>,
      reason: string,
      atMillis: number,
    ): Effect.Effect<ReadonlyArray<MarkedRecording>, DatabaseUnavailable>
    /** Rows that are marked, by id, after that one. */
    listMarked(
      afterId: number,
      limit: number,
    ): Effect.Effect<ReadonlyArray<MarkedRecording>, DatabaseUnavailable>
    /** These files are still there: their rows count again. */
    unmark(ids: ReadonlyArray<number>): Effect.Effect<void, DatabaseUnavailable>
    /** These files are gone: so are their rows; one that is not marked stays. */
    remove(ids: ReadonlyArray<number>): Effect.Effect<void, DatabaseUnavailable>
  }
>()("vigia/storage/DeletionStore") {
  static readonly layerNoDeps: Layer.Layer<DeletionStore, never, SqlClient.SqlClient | Gaps> = Layer.effect(
    DeletionStore,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const gaps = yield* Gaps

      const these = (ids: ReadonlyArray<number>) =>
        sql`(SELECT value::bigint FROM jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`

      const account = Effect.fnUntraced(function* (
        reason: string,
        cameraId: number,
        rows: ReadonlyArray<{ readonly startTime: Date; readonly endTime: Date }>,
      ) {
        const spans = rows.map(({ startTime, endTime }) => ({
          fromMillis: startTime.getTime(),
          toMillis: endTime.getTime(),
        }))
        const fromMillis = spans.reduce((least, span) => Math.min(least, span.fromMillis), Infinity)
        const toMillis = spans.reduce((greatest, span) => Math.max(greatest, span.toMillis), -Infinity)
        const known = yield* sql<GapColumns>`
          SELECT * FROM gaps WHERE cause = 'deleted' AND camera_id = ${cameraId} AND detail = ${reason}
            AND end_time >= ${new Date(fromMillis - touchMillis)}
            AND start_time <= ${new Date(toMillis + touchMillis)}`
        yield* gaps.upsertMany(deletedGaps({ cameraId, reason, spans }, known.map(gapFrom)))
      })

      const mark = Effect.fn("DeletionStore.mark")(
        function* (ids: ReadonlyArray<number>, reason: string, atMillis: number) {
          const rows = yield* sql<MarkedColumns & { readonly startTime: Date; readonly endTime: Date }>`
            UPDATE recordings SET deleting_at = ${new Date(atMillis)}, deleted_reason = ${reason} FROM cameras
            WHERE recordings.id IN ${these(ids)} AND cameras.id = camera_id AND deleting_at IS NULL
              AND NOT is_clip AND NOT is_protected AND state <> 'growing'
            RETURNING recordings.id, camera_id, identity, file_path, start_time, end_time`
          for (const [cameraId, own] of Map.groupBy(rows, (row) => row.cameraId)) {
            yield* account(reason, cameraId, own)
          }
          return rows.map(({ id, cameraId, identity, filePath }) =>
            markedFrom({ id, cameraId, identity, filePath }),
          )
        },
        transaction(sql),
        orUnavailableWithin(patience),
      )

      const listMarked = Effect.fn("DeletionStore.listMarked")(function* (afterId: number, limit: number) {
        const rows = yield* sql<MarkedColumns>`
          SELECT recordings.id, camera_id, identity, file_path FROM recordings JOIN cameras ON cameras.id = camera_id
          WHERE deleting_at IS NOT NULL AND recordings.id > ${afterId} ORDER BY recordings.id LIMIT ${limit}`
        return rows.map(markedFrom)
      }, orUnavailableWithin(patience))

      const unmark = Effect.fn("DeletionStore.unmark")(
        (ids: ReadonlyArray<number>) =>
          Effect.asVoid(
            sql`UPDATE recordings SET deleting_at = NULL, deleted_reason = NULL WHERE id IN ${these(ids)}`,
          ),
        orUnavailableWithin(patience),
      )

      const remove = Effect.fn("DeletionStore.remove")(
        (ids: ReadonlyArray<number>) =>
          Effect.asVoid(
            sql`DELETE FROM recordings WHERE id IN ${these(ids)} AND deleting_at IS NOT NULL AND NOT is_clip`,
          ),
        orUnavailableWithin(patience),
      )

      return DeletionStore.of({ mark, listMarked, unmark, remove })
    }),
  )

  static readonly layer: Layer.Layer<DeletionStore, never, SqlClient.SqlClient> = this.layerNoDeps.pipe(
    Layer.provide(Gaps.layer),
  )
}
