import { instant, optionalInstant } from "../domain/instant.ts"
import type { Owner } from "../domain/Owner.ts"
import type { PlanDays } from "../cleanup/expiry.ts"
import type { CameraState } from "../supervision/CameraStates.ts"
import { cameraAddress } from "../domain/cameraAddress.ts"
import type { StoredCamera } from "../storage/Cameras.ts"
import * as Redacted from "effect/Redacted"

export { instant, optionalInstant }

export const seconds = (millis: number): number => Math.round(millis) / 1000

const units = ["B", "kB", "MB", "GB", "TB", "PB"]

/** Bytes for people, in powers of 1000: `45.2 GB`. */
export const humanSize = (sizeBytes: number): string => {
  const exponent = Math.min(units.length - 1, sizeBytes < 1000 ? 0 : Math.floor(Math.log10(sizeBytes) / 3))
  return `${(sizeBytes / 1000 ** exponent).toFixed(exponent === 0 ? 0 : 1)} ${units[exponent] ?? "B"}`
}

export const ownerAnswer = (owner: Owner, planDays: PlanDays) => ({
  id: owner.id,
  name: owner.name,
  plan: owner.plan,
  retention_days: planDays[owner.plan],
  quota_bytes: owner.quotaBytes,
  created_at: instant(owner.createdAtMillis),
})

/** A camera without anything that could be a secret: the address has no credentials and no query. */
export const cameraAnswer = (camera: StoredCamera, state: CameraState) => ({
  id: camera.id,
  owner_id: camera.ownerId,
  name: camera.name,
  url: cameraAddress(Redacted.value(camera.url)),
  transport: camera.transport,
  recording_enabled: camera.recordingEnabled,
  retention_days: camera.retentionDays,
  quota_bytes: camera.quotaBytes,
  video_codec: camera.profile?.videoCodec ?? null,
  audio_codec: camera.profile?.audioCodec ?? null,
  state: state.state,
  created_at: instant(camera.createdAtMillis),
})
