import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Plan } from "../domain/Plan.ts"
import { CameraNotFound } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { DoomedRecordings, type DoomedSum } from "../storage/DoomedRecordings.ts"
import { ExportSources } from "../storage/ExportSources.ts"
import { OwnerNotFound } from "../storage/Owners.ts"
import { type CameraAccount, type OwnerAccount, StorageAccounts } from "../storage/StorageAccounts.ts"
import { Cleanup } from "./Cleanup.ts"
import { cutoffOf } from "./expiry.ts"
import { filesInUse } from "./filesInUse.ts"

/** What a change would let go of a camera. */
export interface DoomedOfCamera extends DoomedSum {
  readonly ownerId: number
}

/** Limits of an owner to be tried; what is left out stays. */
export interface OwnerTrial {
  readonly plan?: Plan | undefined
  readonly quotaBytes?: number | null | undefined
}

/** Limits of a camera to be tried; what is left out stays. */
export interface CameraTrial {
  readonly ownerId?: number | undefined
  readonly retentionDays?: number | null | undefined
  readonly quotaBytes?: number | null | undefined
}

/** What is to be tried, or what is known where nothing is. */
const triedOr = <Value>(trial: Value | undefined, known: Value): Value =>
  trial === undefined ? known : trial

/**
 * What would go after a change of limits: for the quotas as soon as these are looked at, by the plan at the next cleanup.
 *
 * Changes nothing. Exact for a disk on which nothing changes meanwhile; files that it refuses to delete are not foreseen.
 */
export class ChangePreview extends Context.Service<
  ChangePreview,
  {
    /** Of all cameras of the owner, also of removed ones. */
    ofOwner(
      ownerId: number,
      trial: OwnerTrial,
    ): Effect.Effect<ReadonlyArray<DoomedOfCamera>, OwnerNotFound | DatabaseUnavailable>
    /** Of the camera; and where it gets another owner, of all his cameras: it counts for his quota. */
    ofCamera(
      cameraId: number,
      trial: CameraTrial,
    ): Effect.Effect<ReadonlyArray<DoomedOfCamera>, CameraNotFound | OwnerNotFound | DatabaseUnavailable>
  }
>()("vigia/cleanup/ChangePreview") {
  static readonly layerNoDeps = Layer.effect(
    ChangePreview,
    Effect.gen(function* () {
      const accounts = yield* StorageAccounts
      const doomed = yield* DoomedRecordings
      const catalog = yield* Catalog
      const exportSources = yield* ExportSources
      const cleanup = yield* Cleanup

      const ofAccount = Effect.fnUntraced(function* ({ id, plan, quotaBytes, cameras }: OwnerAccount) {
        const lived = yield* cleanup.lived
        const limits = cameras.map((camera) => ({
          ...cutoffOf(
            { cameraId: camera.id, plan, retentionDays: camera.retentionDays },
            cleanup.planDays,
            lived,
          ),
          quotaBytes: camera.quotaBytes,
        }))
        const inUse = filesInUse(catalog, new Set(cameras.map((camera) => camera.id)))
        const sums = yield* doomed.sums(
          { quotaBytes, cameras: limits },
          new Set([...inUse, ...exportSources.held()]),
        )
        return sums.map((sum) => ({ ...sum, ownerId: id }))
      })

      const ownerOf = (owners: ReadonlyArray<OwnerAccount>, ownerId: number) => {
        const owner = owners.find(({ id, isRemoved }) => id === ownerId && !isRemoved)
        return owner === undefined ? Effect.fail(new OwnerNotFound({ ownerId })) : Effect.succeed(owner)
      }

      const ofOwner = Effect.fn("ChangePreview.ofOwner")(function* (ownerId: number, trial: OwnerTrial) {
        const owner = yield* ownerOf(yield* accounts.list, ownerId)
        return yield* ofAccount({
          ...owner,
          plan: triedOr(trial.plan, owner.plan),
          quotaBytes: triedOr(trial.quotaBytes, owner.quotaBytes),
        })
      })

      const ofCamera = Effect.fn("ChangePreview.ofCamera")(function* (cameraId: number, trial: CameraTrial) {
        const owners = yield* accounts.list
        const isMeant = ({ id, isRemoved }: CameraAccount) => id === cameraId && !isRemoved
        const before = owners.find(({ cameras }) => cameras.some(isMeant))
        const camera = before?.cameras.find(isMeant)
        if (before === undefined || camera === undefined) return yield* new CameraNotFound({ cameraId })
        const owner = yield* ownerOf(owners, trial.ownerId ?? before.id)
        const tried = {
          ...camera,
          retentionDays: triedOr(trial.retentionDays, camera.retentionDays),
          quotaBytes: triedOr(trial.quotaBytes, camera.quotaBytes),
        }
        const others = owner.cameras.filter(({ id }) => id !== cameraId)
        const sums = yield* ofAccount({ ...owner, cameras: [...others, tried] })
        return owner.id === before.id ? sums.filter((sum) => sum.cameraId === cameraId) : sums
      })

      return ChangePreview.of({ ofOwner, ofCamera })
    }),
  )

  static readonly layer = this.layerNoDeps.pipe(Layer.provide(DoomedRecordings.layer))
}
