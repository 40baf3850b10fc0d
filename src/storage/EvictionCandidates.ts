import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import { deletable } from "./deletable.ts"
import { type DatabaseUnavailable, orUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"

/** A closed recording that nothing protects; `filePath` is relative to the recordings directory. */
export interface EvictionCandidate {
  readonly id: number
  readonly cameraId: number
  readonly filePath: string
  readonly sizeBytes: number
  readonly startMillis: number
  readonly endMillis: number
}

interface CandidateRow {
  readonly id: bigint
  readonly cameraId: number
  readonly filePath: string
  readonly fileSize: bigint
  readonly startTime: Date
  readonly endTime: Date
}

/** A million rows are summed within two seconds; nobody but the eviction waits for it. */
const patience = "30 seconds"

const idList = (cameraIds: ReadonlyArray<number>): string => JSON.stringify(cameraIds)

/** Recordings that may be deleted before their time: no clips, nothing protected, nothing that grows. */
export class EvictionCandidates extends Context.Service<
  EvictionCandidates,
  {
    /**
     * The oldest recordings by their end, at most `perCamera` of each of these cameras.
     *
     * Not those of `except`: paths of files, or of directories with all that they hold.
     */
    oldest(
      cameraIds: ReadonlyArray<number>,
      perCamera: number,
      except: ReadonlyArray<string>,
    ): Effect.Effect<ReadonlyArray<EvictionCandidate>, DatabaseUnavailable>
    /** How many there are of these cameras, and their bytes; `except` as there. Reads all rows: for background work. */
    evictable(
      cameraIds: ReadonlyArray<number>,
      except: ReadonlyArray<string>,
    ): Effect.Effect<{ readonly recordings: number; readonly bytes: number }, DatabaseUnavailable>
    /** What of these cameras counts for a quota, exactly: for background work, never for a request. */
    bytesOf(cameraIds: ReadonlyArray<number>): Effect.Effect<number, DatabaseUnavailable>
    /** What of these cameras is protected: it counts for no quota. */
    protectedBytesOf(cameraIds: ReadonlyArray<number>): Effect.Effect<number, DatabaseUnavailable>
  }
>()("vigia/storage/EvictionCandidates") {
  static readonly layer: Layer.Layer<EvictionCandidates, never, SqlClient.SqlClient> = Layer.effect(
    EvictionCandidates,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const these = (cameraIds: ReadonlyArray<number>) =>
        sql`(SELECT value::int AS camera_id FROM jsonb_array_elements_text(${idList(cameraIds)}::jsonb))`

      const texts = (values: ReadonlyArray<string>) =>
        sql`(SELECT jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`

      const mayGo = (except: ReadonlyArray<string>) =>
        sql.and([
          deletable(sql),
          // What is missing frees nothing.
          sql`state = 'closed'`,
          ...(except.length === 0
            ? []
            : [
                sql`file_path NOT IN ${texts(except)}`,
                sql`regexp_replace(file_path, '/[^/]*$', '') NOT IN ${texts(except)}`,
              ]),
        ])

      const oldest = Effect.fn("EvictionCandidates.oldest")(function* (
        cameraIds: ReadonlyArray<number>,
        perCamera: number,
        except: ReadonlyArray<string>,
      ) {
        const rows = yield* sql<CandidateRow>`
          SELECT oldest.* FROM ${these(cameraIds)} AS wanted CROSS JOIN LATERAL (
            SELECT id, camera_id, file_path, file_size, start_time, end_time FROM recordings
            WHERE camera_id = wanted.camera_id AND ${mayGo(except)}
            ORDER BY end_time LIMIT ${perCamera}) AS oldest`
        return rows.map((row) => ({
          id: Number(row.id),
          cameraId: row.cameraId,
          filePath: row.filePath,
          sizeBytes: Number(row.fileSize),
          startMillis: row.startTime.getTime(),
          endMillis: row.endTime.getTime(),
        }))
      }, orUnavailable)

      const evictable = Effect.fn("EvictionCandidates.evictable")(function* (
        cameraIds: ReadonlyArray<number>,
        except: ReadonlyArray<string>,
      ) {
        const [row] = yield* sql<{ recordings: bigint; bytes: bigint }>`
          SELECT count(*) AS recordings, COALESCE(sum(file_size), 0)::bigint AS bytes FROM recordings
          WHERE camera_id IN ${these(cameraIds)} AND ${mayGo(except)}`
        return { recordings: Number(row?.recordings ?? 0), bytes: Number(row?.bytes ?? 0) }
      }, orUnavailableWithin(patience))

      const sumOf = Effect.fnUntraced(function* (cameraIds: ReadonlyArray<number>, which: Fragment) {
        const [row] = yield* sql<{ bytes: bigint }>`
          SELECT COALESCE(sum(file_size), 0)::bigint AS bytes FROM recordings
          WHERE camera_id IN ${these(cameraIds)} AND ${which} AND state <> 'missing'`
        return Number(row?.bytes ?? 0)
      }, orUnavailable)

      return EvictionCandidates.of({
        oldest,
        evictable,
        bytesOf: (cameraIds) => sumOf(cameraIds, sql`NOT is_protected AND NOT is_clip`),
        protectedBytesOf: (cameraIds) => sumOf(cameraIds, sql`is_protected`),
      })
    }),
  )
}
