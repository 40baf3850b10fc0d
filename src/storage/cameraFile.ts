import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Owner } from "../domain/Owner.ts"
import { Plan } from "../domain/Plan.ts"
import type { StoredCamera } from "./Cameras.ts"
import type { SecretBox } from "./SecretBox.ts"

/**
 * The `.camera` file of a camera's directory, as JSON: what a lost database must not lose.
 *
 * `identity` says whose recordings these are. The URL is sealed: the disk may be taken elsewhere.
 */
export const CameraFile = Schema.fromJsonString(
  Schema.Struct({
    camera_id: Schema.Finite,
    identity: Schema.String,
    installation: Schema.String,
    name: Schema.String,
    owner: Schema.Struct({ name: Schema.String, plan: Plan }),
    sealed_url: Schema.String,
    transport: Schema.String,
    created_at: Schema.String,
  }),
)
export type CameraFile = typeof CameraFile.Type

/** The text of the file for a camera. */
export const writtenCamera = (
  camera: StoredCamera,
  owner: Owner,
  installation: string,
  box: SecretBox["Service"],
): string => {
  const file: CameraFile = {
    camera_id: camera.id,
    identity: camera.identity,
    installation,
    name: camera.name,
    owner: { name: owner.name, plan: owner.plan },
    sealed_url: box.seal(camera.url),
    transport: camera.transport,
    created_at: new Date(camera.createdAtMillis).toISOString(),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Whether a file says the same as the database; one sealed with a lost key does not. */
export const isSameCamera = (
  file: CameraFile,
  camera: StoredCamera,
  owner: Owner,
  box: SecretBox["Service"],
): Effect.Effect<boolean> =>
  box.open(file.sealed_url).pipe(
    Effect.map((url) => Redacted.value(url) === Redacted.value(camera.url)),
    Effect.orElseSucceed(() => false),
    Effect.map(
      (isSameUrl) =>
        isSameUrl &&
        file.name === camera.name &&
        file.transport === camera.transport &&
        file.owner.name === owner.name &&
        file.owner.plan === owner.plan,
    ),
  )
