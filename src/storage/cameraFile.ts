import { isDeepStrictEqual } from "node:util"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Transport } from "../domain/Camera.ts"
import { Plan } from "../domain/Plan.ts"
import type { StoredCamera } from "./Cameras.ts"
import { isLostUrl } from "./lostUrl.ts"
import type { StoredOwner } from "./Owners.ts"
import type { SecretBox } from "./SecretBox.ts"

const Id = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2_000_000_000 }))

const Amount = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))

/** What PostgreSQL takes as text. */
const Text = Schema.String.check(
  Schema.makeFilter((text: string) => (text.isWellFormed() && !text.includes("\0") ? undefined : "no text")),
)

const Instant = Schema.String.check(
  Schema.makeFilter((text: string) =>
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text))
      ? undefined
      : "expected an instant such as 2026-01-14T15:00:00.000Z",
  ),
)

/**
 * The `.camera` file of a camera's directory, as JSON: what a lost database must not lose.
 *
 * `identity` says whose recordings these are. The URL is sealed: the disk may be taken elsewhere. Earlier versions
 * did not write the optional fields. An owner is known by id and `created_at` together: names may be shared, and an
 * id alone may have been given again after a loss.
 */
export const CameraFile = Schema.fromJsonString(
  Schema.Struct({
    camera_id: Id,
    identity: Schema.String.check(Schema.isPattern(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)),
    installation: Schema.String,
    name: Text,
    owner: Schema.Struct({
      id: Schema.optionalKey(Id),
      name: Text,
      plan: Plan,
      created_at: Schema.optionalKey(Instant),
      quota_bytes: Schema.optionalKey(Schema.NullOr(Amount)),
      deleted_at: Schema.optionalKey(Schema.NullOr(Instant)),
    }),
    sealed_url: Schema.String,
    transport: Transport,
    recording_enabled: Schema.optionalKey(Schema.Boolean),
    retention_days: Schema.optionalKey(Schema.NullOr(Id)),
    quota_bytes: Schema.optionalKey(Schema.NullOr(Amount)),
    video_codec: Schema.optionalKey(Schema.NullOr(Text)),
    audio_codec: Schema.optionalKey(Schema.NullOr(Text)),
    created_at: Instant,
    deleted_at: Schema.optionalKey(Schema.NullOr(Instant)),
  }),
)
export type CameraFile = typeof CameraFile.Type

/** The least that a `.camera` file of any version says: whose the directory is. */
export const CameraIdentity = Schema.fromJsonString(Schema.Struct({ identity: Schema.String }))

/** What is to be written down of a camera. */
export interface CameraRecord {
  readonly camera: StoredCamera
  readonly owner: StoredOwner
  /** Null for a camera that was not removed. */
  readonly deletedAtMillis: number | null
  /** Of the recordings directory. */
  readonly installation: string
}

const instant = (millis: number): string => new Date(millis).toISOString()
const optionalInstant = (millis: number | null): string | null => (millis === null ? null : instant(millis))

/** All but the URL. `known` is the file as it is; null where there is none, or none that can be read. */
const plainFields = (
  { camera, owner, deletedAtMillis, installation }: CameraRecord,
  known: CameraFile | null,
): Omit<CameraFile, "sealed_url"> => ({
  camera_id: camera.id,
  identity: camera.identity,
  installation,
  name: camera.name,
  owner: {
    id: owner.id,
    name: owner.name,
    plan: owner.plan,
    created_at: instant(owner.createdAtMillis),
    quota_bytes: owner.quotaBytes,
    deleted_at: optionalInstant(owner.deletedAtMillis),
  },
  transport: camera.transport,
  // Without its URL a camera is off by need, not because its owner switched it off.
  recording_enabled:
    isLostUrl(camera.url) && known !== null ? (known.recording_enabled ?? true) : camera.recordingEnabled,
  retention_days: camera.retentionDays,
  quota_bytes: camera.quotaBytes,
  video_codec: camera.profile?.videoCodec ?? null,
  audio_codec: camera.profile?.audioCodec ?? null,
  created_at: instant(camera.createdAtMillis),
  deleted_at: optionalInstant(deletedAtMillis),
})

/** A lost URL stays in the file as it was sealed: its key may be found again. */
const isSameUrl = (known: CameraFile, url: Redacted.Redacted, box: SecretBox["Service"]) =>
  isLostUrl(url)
    ? Effect.succeed(true)
    : box.open(known.sealed_url).pipe(
        Effect.map((sealed) => Redacted.value(sealed) === Redacted.value(url)),
        Effect.orElseSucceed(() => false),
      )

/** The text that the file is to hold; null where the known one says the same already. */
export const cameraFileText = Effect.fnUntraced(function* (
  record: CameraRecord,
  known: CameraFile | null,
  box: SecretBox["Service"],
) {
  const plain = plainFields(record, known)
  const { url } = record.camera
  const sameUrl = known !== null && (yield* isSameUrl(known, url, box))
  const file: CameraFile = { ...plain, sealed_url: sameUrl ? known.sealed_url : box.seal(url) }
  return isDeepStrictEqual(file, known) ? null : `${JSON.stringify(file, null, 2)}\n`
})
