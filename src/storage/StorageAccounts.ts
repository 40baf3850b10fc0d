import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Plan } from "../domain/Plan.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"

/** A camera whose recordings lie on the disk; one that was removed keeps them until they expire. */
export interface CameraAccount {
  readonly id: number
  readonly name: string
  readonly isRemoved: boolean
  readonly isEnabled: boolean
  readonly quotaBytes: number | null
  /** Null where that of the plan holds. */
  readonly retentionDays: number | null
}

export interface OwnerAccount {
  readonly id: number
  readonly name: string
  readonly plan: Plan
  readonly isRemoved: boolean
  readonly quotaBytes: number | null
  readonly cameras: ReadonlyArray<CameraAccount>
}

/** What a camera recorded within a time, and since when it records at all. */
export interface CameraMeasure {
  readonly recordedBytes: number
  readonly recordedSeconds: number
  readonly oldestStartMillis: number
}

/** Clips that are ready. */
export interface ClipUse {
  readonly clips: number
  readonly bytes: number
}

interface AccountRow {
  readonly ownerId: number
  readonly ownerName: string
  readonly plan: Plan
  readonly ownerRemoved: boolean
  readonly ownerQuota: bigint | null
  readonly cameraId: number | null
  readonly cameraName: string
  readonly cameraRemoved: boolean
  readonly isEnabled: boolean
  readonly cameraQuota: bigint | null
  readonly retentionDays: number | null
}

const bytesOrNull = (bytes: bigint | null): number | null => (bytes === null ? null : Number(bytes))

/** Whose the recordings on the disk are, what limits they have, and how fast they grow. */
export class StorageAccounts extends Context.Service<
  StorageAccounts,
  {
    /** All owners and their cameras, also removed ones. */
    readonly list: Effect.Effect<ReadonlyArray<OwnerAccount>, DatabaseUnavailable>
    /** Of each camera with a recording that began since then; reads those rows alone. */
    measures(sinceMillis: number): Effect.Effect<ReadonlyMap<number, CameraMeasure>, DatabaseUnavailable>
    /** Of each camera that has any; reads the rows of all clips: for background work, never for a request. */
    readonly clips: Effect.Effect<ReadonlyMap<number, ClipUse>, DatabaseUnavailable>
  }
>()("vigia/storage/StorageAccounts") {
  static readonly layer: Layer.Layer<StorageAccounts, never, SqlClient.SqlClient> = Layer.effect(
    StorageAccounts,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const list = sql<AccountRow>`
        SELECT owners.id AS owner_id, owners.name AS owner_name, plan,
          owners.deleted_at IS NOT NULL AS owner_removed, owners.quota_bytes AS owner_quota,
          cameras.id AS camera_id, cameras.name AS camera_name,
          cameras.deleted_at IS NOT NULL AS camera_removed, recording_enabled AS is_enabled,
          cameras.quota_bytes AS camera_quota, retention_days
        FROM owners LEFT JOIN cameras ON cameras.owner_id = owners.id
        ORDER BY owners.id, cameras.id`.pipe(
        Effect.map((rows) =>
          [...Map.groupBy(rows, ({ ownerId }) => ownerId).values()].flatMap((own) => {
            const [first] = own
            if (first === undefined) return []
            return [
              {
                id: first.ownerId,
                name: first.ownerName,
                plan: first.plan,
                isRemoved: first.ownerRemoved,
                quotaBytes: bytesOrNull(first.ownerQuota),
                cameras: own.flatMap((row) =>
                  row.cameraId === null
                    ? []
                    : [
                        {
                          id: row.cameraId,
                          name: row.cameraName,
                          isRemoved: row.cameraRemoved,
                          isEnabled: row.isEnabled,
                          quotaBytes: bytesOrNull(row.cameraQuota),
                          retentionDays: row.retentionDays,
                        },
                      ],
                ),
              },
            ]
          }),
        ),
        orUnavailable,
        Effect.withSpan("StorageAccounts.list"),
      )

      const measures = Effect.fn("StorageAccounts.measures")(function* (sinceMillis: number) {
        const rows = yield* sql<{
          cameraId: number
          bytes: bigint
          seconds: number
          oldestStart: Date
        }>`
          SELECT cameras.id AS camera_id, recent.bytes, recent.seconds, oldest.start_time AS oldest_start
          FROM cameras CROSS JOIN LATERAL (
            SELECT sum(file_size)::bigint AS bytes, sum(duration) AS seconds FROM recordings
            WHERE camera_id = cameras.id AND start_time >= ${new Date(sinceMillis)}
              AND NOT is_clip AND state <> 'missing') AS recent
          CROSS JOIN LATERAL (
            SELECT start_time FROM recordings WHERE camera_id = cameras.id
              AND NOT is_clip AND state <> 'missing'
            ORDER BY start_time LIMIT 1) AS oldest
          WHERE recent.seconds > 0`
        return new Map(
          rows.map((row) => [
            row.cameraId,
            {
              recordedBytes: Number(row.bytes),
              recordedSeconds: row.seconds,
              oldestStartMillis: row.oldestStart.getTime(),
            },
          ]),
        )
      }, orUnavailable)

      const clips = sql<{ cameraId: number; clips: bigint; bytes: bigint }>`
        SELECT camera_id, count(*) AS clips, sum(file_size)::bigint AS bytes FROM clips
        WHERE state = 'ready' GROUP BY camera_id`.pipe(
        Effect.map(
          (rows) =>
            new Map(
              rows.map((row) => [row.cameraId, { clips: Number(row.clips), bytes: Number(row.bytes) }]),
            ),
        ),
        orUnavailable,
        Effect.withSpan("StorageAccounts.clips"),
      )

      return StorageAccounts.of({ list, measures, clips })
    }),
  )
}
