import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Owner } from "../domain/Owner.ts"
import {
  type CameraChange,
  type CameraNotFound,
  Cameras,
  type NewCamera,
  type StoredCamera,
} from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import {
  type OwnerChange,
  type OwnerHasCameras,
  type OwnerHasClips,
  type OwnerNotFound,
  Owners,
  type StoredOwner,
} from "../storage/Owners.ts"
import { CameraDirectories } from "./CameraDirectories.ts"
import { Supervision } from "./Supervision.ts"

/** What may change of a camera; what is left out stays. */
export interface RegistryChange extends CameraChange {
  readonly recordingEnabled?: boolean | undefined
}

type Result<A, E = never> = Effect.Effect<A, E | CameraNotFound | DatabaseUnavailable>

/**
 * Keeps a camera, and its owner, the same in three places: the database first, then its directory, then supervision.
 *
 * A failure of the database changes nothing; the other two follow at the next start if the service dies between.
 */
export class CameraRegistry extends Context.Service<
  CameraRegistry,
  {
    /** Whose a camera is, from memory: also while the database is away. */
    readonly owner: (cameraId: number) => Owner | undefined
    readonly create: (camera: NewCamera) => Result<StoredCamera, OwnerNotFound>
    readonly update: (cameraId: number, change: RegistryChange) => Result<StoredCamera, OwnerNotFound>
    readonly remove: (cameraId: number) => Result<void>
    /** Enables recording; `changed` is false if it was enabled already: no second process is started. */
    readonly start: (cameraId: number) => Result<{ readonly changed: boolean }>
    readonly stop: (cameraId: number) => Result<{ readonly changed: boolean }>
    readonly changeOwner: (
      ownerId: number,
      change: OwnerChange,
    ) => Effect.Effect<Owner, OwnerNotFound | DatabaseUnavailable>
    readonly removeOwner: (
      ownerId: number,
    ) => Effect.Effect<void, OwnerNotFound | OwnerHasCameras | OwnerHasClips | DatabaseUnavailable>
  }
>()("vigia/supervision/CameraRegistry") {
  static readonly layer = Layer.effect(
    CameraRegistry,
    Effect.gen(function* () {
      const cameras = yield* Cameras
      const owners = yield* Owners
      const catalog = yield* Catalog
      const directories = yield* CameraDirectories
      const supervision = yield* Supervision

      const writeDown = (camera: StoredCamera) =>
        owners.get(camera.ownerId).pipe(Effect.flatMap((owner) => directories.remember(camera, owner)))

      /** Of a camera that is not removed: its owner cannot have been deleted. */
      const ownerOf = (camera: StoredCamera) =>
        owners.get(camera.ownerId).pipe(Effect.catchTag("OwnerNotFound", (error) => Effect.die(error)))

      const create = Effect.fn("CameraRegistry.create")(function* (fresh: NewCamera) {
        const camera = yield* cameras.create(fresh)
        yield* writeDown(camera)
        if (camera.recordingEnabled) yield* catalog.cameraEnabled(camera.id, camera.createdAtMillis)
        yield* supervision.add(camera)
        return camera
      })

      const setEnabled = Effect.fnUntraced(function* (cameraId: number, enabled: boolean) {
        const before = yield* cameras.get(cameraId)
        if (before.recordingEnabled === enabled) return { changed: false }
        const owner = yield* ownerOf(before)
        const camera = yield* cameras.setEnabled(cameraId, enabled)
        yield* directories.remember(camera, owner)
        yield* supervision.replace(camera, false)
        yield* enabled ? supervision.enable(cameraId) : supervision.disable(cameraId)
        return { changed: true }
      })

      const update = Effect.fn("CameraRegistry.update")(function* (cameraId: number, change: RegistryChange) {
        const { recordingEnabled, ...rest } = change
        const before = yield* cameras.get(cameraId)
        const changed = yield* cameras.update(cameraId, rest)
        const source =
          Redacted.value(before.url) !== Redacted.value(changed.url) || before.transport !== changed.transport
        // Another address is another stream: what was probed of the old one says nothing about it.
        const camera = source ? yield* cameras.setProfile(cameraId, null) : changed
        yield* writeDown(camera)
        yield* supervision.replace(camera, source)
        if (recordingEnabled !== undefined) yield* setEnabled(cameraId, recordingEnabled)
        return yield* cameras.get(cameraId)
      })

      const remove = Effect.fn("CameraRegistry.remove")(function* (cameraId: number) {
        const owner = yield* ownerOf(yield* cameras.get(cameraId))
        yield* directories.removed(yield* cameras.remove(cameraId), { ...owner, deletedAtMillis: null })
        yield* supervision.remove(cameraId)
      })

      const writeRemoved = Effect.fnUntraced(function* (owner: StoredOwner) {
        const removed = (yield* cameras.listRemoved).filter((camera) => camera.ownerId === owner.id)
        yield* Effect.forEach(removed, (camera) => directories.removed(camera, owner), { discard: true })
      })

      const changeOwner = Effect.fn("CameraRegistry.changeOwner")(function* (
        ownerId: number,
        change: OwnerChange,
      ) {
        const owner = yield* owners.update(ownerId, change)
        const owned = (yield* cameras.list).filter((camera) => camera.ownerId === ownerId)
        yield* Effect.forEach(owned, (camera) => directories.remember(camera, owner), { discard: true })
        yield* writeRemoved({ ...owner, deletedAtMillis: null })
        return owner
      })

      const removeOwner = Effect.fn("CameraRegistry.removeOwner")(function* (ownerId: number) {
        yield* owners.remove(ownerId)
        const removed = (yield* owners.listAll).find(({ id }) => id === ownerId)
        if (removed !== undefined) yield* writeRemoved(removed)
      })

      return CameraRegistry.of({
        owner: directories.owner,
        create,
        update,
        remove,
        changeOwner,
        removeOwner,
        start: (cameraId) => setEnabled(cameraId, true),
        stop: (cameraId) => setEnabled(cameraId, false),
      })
    }),
  )
}
