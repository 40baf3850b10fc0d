import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { cameraAddress } from "../../domain/cameraAddress.ts"
import { EnabledPeriods } from "../EnabledPeriods.ts"
import { orUnavailable } from "../DatabaseUnavailable.ts"
import { SecretBox } from "../SecretBox.ts"
import { transaction } from "../transaction.ts"
import type { FoundCamera } from "./findCameras.ts"
import type { KnownOwner, LostOwner } from "./lostOwners.ts"

/** A camera as it is to be stored again. */
export interface LostCamera {
  readonly found: FoundCamera
  readonly url: Redacted.Redacted
  readonly recordingEnabled: boolean
  /** When its newest recording ends, in Unix milliseconds; null without any. */
  readonly recordedUntilMillis: number | null
}

/** The lost cameras of one owner. */
export interface LostCameras {
  readonly owner: LostOwner | KnownOwner
  readonly cameras: ReadonlyArray<LostCamera>
}

const cameraJson = ({ found, url, recordingEnabled }: LostCamera, ownerId: number, sealedUrl: string) => {
  const { file } = found
  return {
    id: found.id,
    identity: file.identity,
    owner_id: ownerId,
    name: file.name,
    url: cameraAddress(Redacted.value(url)),
    sealed_url: sealedUrl,
    transport: file.transport,
    recording_enabled: recordingEnabled,
    retention_days: file.retention_days ?? null,
    quota_bytes: file.quota_bytes ?? null,
    video_codec: file.video_codec ?? null,
    audio_codec: file.audio_codec ?? null,
    created_at: file.created_at,
    deleted_at: file.deleted_at ?? null,
  }
}

/** How long it was to be recorded is not written down: from its beginning on, to its newest recording if it is off. */
const enabledPeriod = ({ found, recordingEnabled, recordedUntilMillis }: LostCamera) => {
  const startMillis = Date.parse(found.file.created_at)
  if (!recordingEnabled && recordedUntilMillis === null) return []
  const endMillis = recordingEnabled ? null : Math.max(startMillis, Math.round(recordedUntilMillis ?? 0))
  return [{ cameraId: found.id, startMillis, endMillis }]
}

/**
 * Writes the rows of lost owners and cameras, in one transaction: a crash leaves all of them or none.
 *
 * New owners and cameras get ids above all of these. Where the database does not know when a service was last
 * there, it was when the newest recording ended.
 */
export const restoreRows = Effect.fn("restoreRows")(
  function* (lost: ReadonlyArray<LostCameras>) {
    const sql = yield* SqlClient.SqlClient
    const box = yield* SecretBox
    const periods = yield* EnabledPeriods

    const ownerIds = lost.flatMap(({ owner }) => owner.id ?? [])
    const highestOwnerId = ownerIds.reduce((highest, id) => Math.max(highest, id), 0)
    // First: an owner without an id of his own takes the next one.
    yield* sql`SELECT setval('owners_id_seq', ${highestOwnerId}) FROM owners_id_seq
      WHERE ${highestOwnerId} >= last_value AND ${highestOwnerId} > 0`

    const storedOwner = Effect.fnUntraced(function* (owner: LostOwner | KnownOwner) {
      if (owner.kind === "known") return owner.id
      const [row] = yield* sql<{ id: number }>`
        INSERT INTO owners (id, name, plan, quota_bytes, created_at, deleted_at) OVERRIDING SYSTEM VALUE
        SELECT COALESCE(id, nextval('owners_id_seq')), name, plan, quota_bytes, COALESCE(created_at, now()),
          deleted_at
        FROM jsonb_to_record(${JSON.stringify({
          id: owner.id,
          name: owner.name,
          plan: owner.plan,
          quota_bytes: owner.quotaBytes,
          created_at: owner.createdAt,
          deleted_at: owner.deletedAt,
        })}::jsonb) AS row (id integer, name text, plan text, quota_bytes bigint, created_at timestamptz,
          deleted_at timestamptz)
        RETURNING id`
      return yield* row === undefined ? Effect.die("no owner was inserted") : Effect.succeed(row.id)
    })

    const rows = yield* Effect.forEach(lost, ({ owner, cameras }) =>
      Effect.map(storedOwner(owner), (ownerId) =>
        cameras.map((camera) => cameraJson(camera, ownerId, box.seal(camera.url))),
      ),
    )
    yield* sql`
      INSERT INTO cameras (id, identity, owner_id, name, url, sealed_url, transport, recording_enabled,
        retention_days, quota_bytes, video_codec, audio_codec, created_at, deleted_at) OVERRIDING SYSTEM VALUE
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows.flat())}::jsonb) AS row (
        id integer, identity uuid, owner_id integer, name text, url text, sealed_url text, transport text,
        recording_enabled boolean, retention_days integer, quota_bytes bigint, video_codec text, audio_codec text, created_at timestamptz,
        deleted_at timestamptz)`

    const cameras = lost.flatMap((one) => one.cameras)
    yield* periods.upsertMany(cameras.flatMap(enabledPeriod))
    const recordedUntil = cameras.flatMap(({ recordedUntilMillis }) => recordedUntilMillis ?? [])
    if (recordedUntil.length > 0) {
      const newest = new Date(recordedUntil.reduce((latest, millis) => Math.max(latest, millis)))
      yield* sql`UPDATE service_state SET last_seen_at = COALESCE(last_seen_at, ${newest})`
    }
  },
  (restored) => Effect.flatMap(SqlClient.SqlClient, (sql) => transaction(sql)(restored)),
  orUnavailable,
)
