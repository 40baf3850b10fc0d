import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { type DiskLimits, reserveOf, reserveOfFiles, usedPercent } from "../cleanup/diskLimits.ts"
import { DiskPressure, type DiskReading } from "../cleanup/DiskPressure.ts"
import {
  type CameraUse,
  type OwnerStorage,
  StorageReport,
  type StorageState,
} from "../cleanup/StorageReport.ts"
import type { ClipUse } from "../storage/StorageAccounts.ts"
import type { DiskSpace } from "../storage/RecordingsDirectory.ts"
import { instant } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

const reserveOfFilesIn = (space: DiskSpace | null): number | null => {
  const files = space?.files ?? null
  return files === null ? null : reserveOfFiles(files.total)
}

const diskAnswer = (
  { space, state, error, obstacle, isRecordingStopped, probedAtMillis }: DiskReading,
  limits: DiskLimits,
) => ({
  total_bytes: space?.totalBytes ?? null,
  used_bytes: space === null ? null : space.totalBytes - space.freeBytes,
  free_bytes: space?.freeBytes ?? null,
  used_percent: space === null ? null : rounded(usedPercent(space), 1),
  reserve_bytes: space === null ? limits.reserveBytes : reserveOf(limits, space.totalBytes),
  total_files: space?.files?.total ?? null,
  free_files: space?.files?.free ?? null,
  reserve_files: reserveOfFilesIn(space),
  warning_percent: limits.warningPercent,
  critical_percent: limits.criticalPercent,
  state,
  error,
  eviction_obstacle: obstacle,
  recording_stopped: isRecordingStopped,
  probed_at: instant(probedAtMillis),
})

/** Null while clips were not looked at. */
const clipAnswer = (clips: ReadonlyArray<ClipUse | null>) => {
  const known = clips.filter((one) => one !== null)
  const isKnown = known.length === clips.length
  return {
    clips: isKnown ? known.reduce((sum, one) => sum + one.clips, 0) : null,
    clip_bytes: isKnown ? known.reduce((sum, { bytes }) => sum + bytes, 0) : null,
  }
}

const clipsOf = (owners: ReadonlyArray<Pick<OwnerStorage, "cameras">>) =>
  clipAnswer(owners.flatMap(({ cameras }) => cameras.map(({ clips }) => clips)))

/** What was removed counts for as long as anything of it is kept. */
const isKept = ({ isRemoved, recordings, clips }: CameraUse): boolean =>
  !isRemoved || recordings > 0 || (clips?.clips ?? 0) > 0

const cameraStorage = (camera: CameraUse) => ({
  id: camera.id,
  name: camera.name,
  removed: camera.isRemoved,
  bytes: camera.totalBytes,
  recordings: camera.recordings,
  ...clipAnswer([camera.clips]),
  quota_bytes: camera.quotaBytes,
  bytes_per_second: camera.bytesPerSecond === null ? null : Math.round(camera.bytesPerSecond),
})

const ownerStorage = ({ cameras, ...owner }: OwnerStorage) => ({
  id: owner.id,
  name: owner.name,
  plan: owner.plan,
  removed: owner.isRemoved,
  bytes: cameras.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
  recordings: cameras.reduce((sum, { recordings }) => sum + recordings, 0),
  ...clipsOf([{ cameras }]),
  quota_bytes: owner.quotaBytes,
  cameras: cameras.filter(isKept).map(cameraStorage),
})

const forecastAnswer = (
  forecast: NonNullable<StorageState["forecast"]>,
  { probedAtMillis }: DiskReading,
) => ({
  measured_at: instant(forecast.measuredAtMillis),
  bytes_per_second: Math.round(forecast.bytesPerSecond),
  unmeasured_cameras: forecast.unmeasuredCameras,
  full_at: Number.isFinite(forecast.fullInMillis) ? instant(probedAtMillis + forecast.fullInMillis) : null,
  plans: forecast.plans.map((plan) => ({
    plan: plan.plan,
    cameras: plan.cameras,
    bytes_per_second: Math.round(plan.bytesPerSecond),
    retention_days: plan.retentionDays,
    history_days: rounded(plan.historyDays, 2),
    fits: plan.fits,
  })),
})

/** `/api/storage`: how full the disk is, by whom, and how long it lasts. */
export const storageRoutes = (runtime: AppRuntime): Hono =>
  new Hono().get("/", (c) =>
    answer(
      runtime,
      c,
      Effect.gen(function* () {
        const { disk, owners, forecast } = yield* (yield* StorageReport).current
        const { limits } = yield* DiskPressure
        return {
          body: {
            disk: diskAnswer(disk, limits),
            ...clipsOf(owners),
            owners: owners
              .filter(({ isRemoved, cameras }) => !isRemoved || cameras.some(isKept))
              .map(ownerStorage),
            forecast: forecast === null ? null : forecastAnswer(forecast, disk),
          },
        }
      }),
    ),
  )
