import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Camera, StreamProfile, Transport } from "../domain/Camera.ts"
import { cameraAddress } from "../domain/cameraAddress.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { OwnerNotFound } from "./Owners.ts"
import { SecretBox, SecretUnreadable } from "./SecretBox.ts"
import { transaction } from "./transaction.ts"

/** There is no such camera, or not any more. */
export class CameraNotFound extends Schema.TaggedError<CameraNotFound>()("CameraNotFound", {
  cameraId: Schema.Finite,
}) {}

/** A camera as the database knows it; `identity` (a UUID) tells it from a camera of another database. */
export interface StoredCamera extends Camera {
  readonly identity: string
  /** For how many days recordings are kept, where that is shorter than the plan's; null for the plan's. */
  readonly retentionDays: number | null
  /** How much its recordings may take; null without a limit. */
  readonly quotaBytes: number | null
}

/** A camera that is there or was removed; `deletedAtMillis` is null for one that is there. */
export interface KeptCamera extends StoredCamera {
  readonly deletedAtMillis: number | null
}

/** A camera that was removed; its directory stays. */
export interface RemovedCamera extends StoredCamera {
  readonly deletedAtMillis: number
}

export interface NewCamera {
  readonly ownerId: number
  readonly name: string
  readonly url: Redacted.Redacted
  readonly transport: Transport
  readonly recordingEnabled: boolean
  readonly retentionDays?: number | null
  readonly quotaBytes?: number | null
}

/** What may change; what is left out stays as it is. */
export interface CameraChange {
  readonly ownerId?: number | undefined
  readonly name?: string | undefined
  readonly url?: Redacted.Redacted | undefined
  readonly transport?: Transport | undefined
  readonly retentionDays?: number | null | undefined
  readonly quotaBytes?: number | null | undefined
}

interface CameraRow {
  readonly id: number
  readonly identity: string
  readonly ownerId: number
  readonly name: string
  readonly sealedUrl: string
  readonly transport: Transport
  readonly recordingEnabled: boolean
  readonly retentionDays: number | null
  readonly quotaBytes: bigint | null
  readonly videoCodec: string | null
  readonly audioCodec: string | null
  readonly createdAt: Date
}

interface RemovedRow extends CameraRow {
  readonly deletedAt: Date
}

/**
 * Cameras and what is known of their streams.
 *
 * The whole URL is sealed at rest; the plain column holds only its harmless part. The layer fails when the
 * database was sealed with another key. Removing hides a camera: its id is never given again.
 */
export class Cameras extends Context.Service<
  Cameras,
  {
    create(camera: NewCamera): Effect.Effect<StoredCamera, OwnerNotFound | DatabaseUnavailable>
    readonly list: Effect.Effect<ReadonlyArray<StoredCamera>, DatabaseUnavailable>
    get(id: number): Effect.Effect<StoredCamera, CameraNotFound | DatabaseUnavailable>
    /** Also one that was removed: its recordings are kept. */
    getKept(id: number): Effect.Effect<KeptCamera, CameraNotFound | DatabaseUnavailable>
    update(
      id: number,
      change: CameraChange,
    ): Effect.Effect<StoredCamera, CameraNotFound | OwnerNotFound | DatabaseUnavailable>
    setEnabled(
      id: number,
      enabled: boolean,
    ): Effect.Effect<StoredCamera, CameraNotFound | DatabaseUnavailable>
    setProfile(
      id: number,
      profile: StreamProfile | null,
    ): Effect.Effect<StoredCamera, CameraNotFound | DatabaseUnavailable>
    remove(id: number): Effect.Effect<RemovedCamera, CameraNotFound | DatabaseUnavailable>
    readonly listRemoved: Effect.Effect<ReadonlyArray<RemovedCamera>, DatabaseUnavailable>
    /** Lets new ids start above `id`: directories on disk may know cameras that the database lost. */
    reserveIds(id: number): Effect.Effect<void, DatabaseUnavailable>
  }
>()("vigia/storage/Cameras") {
  static readonly layer: Layer.Layer<
    Cameras,
    SecretUnreadable | DatabaseUnavailable,
    SqlClient.SqlClient | SecretBox
  > = Layer.effect(
    Cameras,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const box = yield* SecretBox
      yield* checkKey(sql, box)
      const columns = sql.literal(
        "id, identity, owner_id, name, sealed_url, transport, recording_enabled, retention_days, quota_bytes, video_codec, audio_codec, created_at, deleted_at",
      )

      const fromRow = (row: CameraRow): Effect.Effect<StoredCamera> =>
        // The key was checked at start: a sealed URL that does not open was damaged in the database.
        Effect.map(Effect.orDie(box.open(row.sealedUrl)), (url) => ({
          id: row.id,
          identity: row.identity,
          ownerId: row.ownerId,
          name: row.name,
          url,
          transport: row.transport,
          recordingEnabled: row.recordingEnabled,
          retentionDays: row.retentionDays,
          quotaBytes: row.quotaBytes === null ? null : Number(row.quotaBytes),
          profile:
            row.videoCodec === null ? null : { videoCodec: row.videoCodec, audioCodec: row.audioCodec },
          createdAtMillis: row.createdAt.getTime(),
        }))

      const fromRemovedRow = (row: RemovedRow): Effect.Effect<RemovedCamera> =>
        Effect.map(fromRow(row), (camera) => ({ ...camera, deletedAtMillis: row.deletedAt.getTime() }))

      const one = (id: number, rows: ReadonlyArray<CameraRow>): Effect.Effect<StoredCamera, CameraNotFound> =>
        rows[0] === undefined ? Effect.fail(new CameraNotFound({ cameraId: id })) : fromRow(rows[0])

      /** Share-locks the owner, so that it cannot be deleted meanwhile. */
      const requireOwner = (id: number): Effect.Effect<void, OwnerNotFound | SqlError> =>
        sql`SELECT id FROM owners WHERE id = ${id} AND deleted_at IS NULL FOR SHARE`.pipe(
          Effect.flatMap((rows) =>
            rows.length === 0 ? Effect.fail(new OwnerNotFound({ ownerId: id })) : Effect.void,
          ),
        )

      const urlColumns = (url: Redacted.Redacted) => ({
        url: cameraAddress(Redacted.value(url)),
        sealedUrl: box.seal(url),
      })

      const create = Effect.fn("Cameras.create")(
        function* ({ url, ...camera }: NewCamera) {
          yield* requireOwner(camera.ownerId)
          const rows = yield* sql<CameraRow>`
          INSERT INTO cameras ${sql.insert({ ...camera, ...urlColumns(url) })} RETURNING ${columns}`
          return yield* Effect.orDie(one(0, rows))
        },
        transaction(sql),
        orUnavailable,
      )

      const list = sql<CameraRow>`SELECT ${columns} FROM cameras WHERE deleted_at IS NULL ORDER BY id`.pipe(
        Effect.flatMap((rows) => Effect.forEach(rows, fromRow)),
        orUnavailable,
        Effect.withSpan("Cameras.list"),
      )

      const get = Effect.fn("Cameras.get")(function* (id: number) {
        const rows = yield* sql<CameraRow>`
          SELECT ${columns} FROM cameras WHERE id = ${id} AND deleted_at IS NULL`
        return yield* one(id, rows)
      }, orUnavailable)

      const getKept = Effect.fn("Cameras.getKept")(function* (id: number) {
        const rows = yield* sql<CameraRow & { readonly deletedAt: Date | null }>`
          SELECT ${columns} FROM cameras WHERE id = ${id}`
        const deletedAtMillis = rows[0]?.deletedAt?.getTime() ?? null
        return { ...(yield* one(id, rows)), deletedAtMillis }
      }, orUnavailable)

      const set = Effect.fnUntraced(function* (
        id: number,
        values: Record<string, string | number | boolean | null>,
      ) {
        const rows = yield* sql<CameraRow>`
          UPDATE cameras SET ${sql.update(values)}
          WHERE id = ${id} AND deleted_at IS NULL RETURNING ${columns}`
        return yield* one(id, rows)
      })

      const update = Effect.fn("Cameras.update")(
        function* (id: number, { url, ...change }: CameraChange) {
          const rest = Object.entries(change).filter(
            (entry): entry is [string, string | number | null] => entry[1] !== undefined,
          )
          const values = { ...Object.fromEntries(rest), ...(url === undefined ? {} : urlColumns(url)) }
          if (Object.keys(values).length === 0) return yield* get(id)
          if (change.ownerId !== undefined) yield* requireOwner(change.ownerId)
          return yield* set(id, values)
        },
        transaction(sql),
        orUnavailable,
      )

      const setEnabled = Effect.fn("Cameras.setEnabled")(
        (id: number, enabled: boolean) => set(id, { recordingEnabled: enabled }),
        orUnavailable,
      )

      const setProfile = Effect.fn("Cameras.setProfile")(
        (id: number, profile: StreamProfile | null) =>
          set(id, { videoCodec: profile?.videoCodec ?? null, audioCodec: profile?.audioCodec ?? null }),
        orUnavailable,
      )

      const remove = Effect.fn("Cameras.remove")(function* (id: number) {
        const [row] = yield* sql<RemovedRow>`
          UPDATE cameras SET deleted_at = now(), recording_enabled = false
          WHERE id = ${id} AND deleted_at IS NULL RETURNING ${columns}`
        if (row === undefined) return yield* new CameraNotFound({ cameraId: id })
        return yield* fromRemovedRow(row)
      }, orUnavailable)

      const listRemoved = sql<RemovedRow>`
        SELECT ${columns} FROM cameras WHERE deleted_at IS NOT NULL ORDER BY id`.pipe(
        Effect.flatMap((rows) => Effect.forEach(rows, fromRemovedRow)),
        orUnavailable,
        Effect.withSpan("Cameras.listRemoved"),
      )

      const reserveIds = Effect.fn("Cameras.reserveIds")(
        (id: number) =>
          Effect.asVoid(
            sql`SELECT setval('cameras_id_seq', ${id}) FROM cameras_id_seq WHERE ${id} >= last_value`,
          ),
        orUnavailable,
      )

      return Cameras.of({
        create,
        list,
        get,
        getKept,
        update,
        setEnabled,
        setProfile,
        remove,
        listRemoved,
        reserveIds,
      })
    }),
  )
}

/** Fails when the database holds texts sealed with another key; the first key that meets a database is its key. */
const checkKey = (
  sql: SqlClient.SqlClient,
  box: SecretBox["Service"],
): Effect.Effect<void, SecretUnreadable | DatabaseUnavailable> =>
  sql<{ keyCheck: string }>`
    UPDATE service_state SET key_check = COALESCE(key_check, ${box.seal(Redacted.make("vigia"))})
    RETURNING key_check`.pipe(
    Effect.flatMap((rows) =>
      rows[0] === undefined ? Effect.fail(new SecretUnreadable()) : Effect.asVoid(box.open(rows[0].keyCheck)),
    ),
    orUnavailable,
  )
