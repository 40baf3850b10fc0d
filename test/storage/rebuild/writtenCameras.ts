import type { CameraFile } from "../../../src/storage/cameraFile.ts"
import type { FoundCamera } from "../../../src/storage/rebuild/findCameras.ts"

export const bakery = {
  id: 4,
  name: "Bakery",
  plan: "pro",
  created_at: "2026-01-02T03:04:05.678Z",
  quota_bytes: null,
  deleted_at: null,
} as const

export const identityOf = (id: number): string => `00000000-0000-4000-8000-${String(id).padStart(12, "0")}`

/** What the `.camera` file of a camera says, as this version writes it. */
export const cameraFile = (id: number, change: Partial<CameraFile> = {}): CameraFile => ({
  camera_id: id,
  identity: identityOf(id),
  installation: "here",
  name: `camera ${id}`,
  owner: bakery,
  sealed_url: "v1.sealed",
  transport: "tcp",
  recording_enabled: true,
  retention_days: null,
  quota_bytes: null,
  video_codec: "h264",
  audio_codec: null,
  created_at: "2026-01-03T00:00:00.000Z",
  deleted_at: null,
  ...change,
})

export const foundCamera = (
  id: number,
  change: Partial<CameraFile> = {},
  writtenAtMillis: number = 0,
): FoundCamera => ({ id, directory: `/recordings/cam_${id}`, file: cameraFile(id, change), writtenAtMillis })
