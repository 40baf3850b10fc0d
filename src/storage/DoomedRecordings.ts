import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { type DatabaseUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"
import type { Cutoff, ExpiredSum } from "./ExpiredRecordings.ts"

/** The limits of a camera: what ended before `beforeMillis` has expired, and `quotaBytes` is all that it may take. */
export interface CameraLimits extends Cutoff {
  readonly quotaBytes: number | null
}

/** The limits of an owner and of all his cameras. */
export interface OwnerLimits {
  readonly quotaBytes: number | null
  readonly cameras: ReadonlyArray<CameraLimits>
}

/** What of a camera goes: `files` and `bytes` are all of it, `overQuota` what goes for a quota. */
export interface DoomedSum extends ExpiredSum {
  readonly overQuota: { readonly files: number; readonly bytes: number }
}

interface DoomedColumns {
  readonly cameraId: number
  readonly files: bigint
  readonly bytes: bigint
  readonly oldest: Date
  readonly newest: Date
  readonly overQuotaFiles: bigint
  readonly overQuotaBytes: bigint
}

/** All recordings of an owner are read: a million within some seconds. */
const patience = "60 seconds"

/** What limits would delete, by the rules of the evictions and of the cleanup; changes nothing. */
export class DoomedRecordings extends Context.Service<
  DoomedRecordings,
  {
    /**
     * First the oldest of each camera that is over its quota, then of the owner where he still is, then what has expired.
     *
     * Never clips, what is protected or grows, nor the files of `except`; what of that is no clip and not protected
     * counts for a quota all the same. Cameras of which nothing goes have no sum.
     */
    sums(
      owner: OwnerLimits,
      except: ReadonlySet<string>,
    ): Effect.Effect<ReadonlyArray<DoomedSum>, DatabaseUnavailable>
  }
>()("vigia/storage/DoomedRecordings") {
  static readonly layer: Layer.Layer<DoomedRecordings, never, SqlClient.SqlClient> = Layer.effect(
    DoomedRecordings,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const sums = Effect.fn("DoomedRecordings.sums")(function* (
        { quotaBytes, cameras }: OwnerLimits,
        except: ReadonlySet<string>,
      ) {
        const limits = cameras.map((camera) => ({
          camera: camera.cameraId,
          quota: camera.quotaBytes,
          before: new Date(camera.beforeMillis).toISOString(),
        }))
        // What goes for a quota: what the sum of all that is as old or older does not exceed by more than itself.
        const rows = yield* sql<DoomedColumns>`
          WITH counted AS (
            SELECT id, camera_id, start_time, end_time, file_size, quota,
              state <> 'missing' AS is_there, state = 'closed' AND NOT is_used AS is_evictable,
              state <> 'growing' AND NOT is_used AND end_time < before AS has_expired
            FROM jsonb_to_recordset(${JSON.stringify(limits)}::jsonb)
              AS limits (camera integer, quota bigint, before timestamptz)
            JOIN recordings ON camera_id = camera AND NOT is_clip AND NOT is_protected
            CROSS JOIN LATERAL (SELECT file_path IN (
              SELECT jsonb_array_elements_text(${JSON.stringify([...except])}::jsonb)) AS is_used) AS use),
          of_cameras AS (
            SELECT counted.*, is_evictable AND COALESCE(
              sum(file_size) FILTER (WHERE is_evictable) OVER (PARTITION BY camera_id ORDER BY end_time, id) - file_size
                < sum(file_size) FILTER (WHERE is_there) OVER (PARTITION BY camera_id) - quota, false) AS is_over_camera
            FROM counted),
          of_owner AS (
            SELECT of_cameras.*, is_over_camera OR is_evictable AND COALESCE(
              sum(file_size) FILTER (WHERE is_evictable AND NOT is_over_camera) OVER (ORDER BY end_time, id) - file_size
                < sum(file_size) FILTER (WHERE is_there AND NOT is_over_camera) OVER () - ${quotaBytes}::bigint,
              false) AS is_over_quota
            FROM of_cameras)
          SELECT camera_id, count(*) AS files, sum(file_size)::bigint AS bytes,
            min(start_time) AS oldest, max(end_time) AS newest,
            count(*) FILTER (WHERE is_over_quota) AS over_quota_files,
            COALESCE(sum(file_size) FILTER (WHERE is_over_quota), 0)::bigint AS over_quota_bytes
          FROM of_owner WHERE is_over_quota OR has_expired GROUP BY camera_id ORDER BY camera_id`
        return rows.map((row) => ({
          cameraId: row.cameraId,
          files: Number(row.files),
          bytes: Number(row.bytes),
          oldestMillis: row.oldest.getTime(),
          newestMillis: row.newest.getTime(),
          overQuota: { files: Number(row.overQuotaFiles), bytes: Number(row.overQuotaBytes) },
        }))
      }, orUnavailableWithin(patience))

      return DoomedRecordings.of({ sums })
    }),
  )
}
