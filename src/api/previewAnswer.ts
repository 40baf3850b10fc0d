import type { DoomedOfCamera } from "../cleanup/ChangePreview.ts"
import type { ExpiredOfCamera } from "../cleanup/Cleanup.ts"
import { instant } from "./answers.ts"

const expiredAnswer = (camera: ExpiredOfCamera) => ({
  camera_id: camera.cameraId,
  owner_id: camera.ownerId,
  files: camera.files,
  bytes: camera.bytes,
  oldest: instant(camera.oldestMillis),
  newest: instant(camera.newestMillis),
})

const sumsAnswer = (cameras: ReadonlyArray<ExpiredOfCamera>) => ({
  dry_run: true,
  files: cameras.reduce((total, { files }) => total + files, 0),
  bytes: cameras.reduce((total, { bytes }) => total + bytes, 0),
})

/** What a cleanup now would delete. */
export const previewAnswer = (cameras: ReadonlyArray<ExpiredOfCamera>) => ({
  ...sumsAnswer(cameras),
  cameras: cameras.map(expiredAnswer),
})

/** What would go after a change; of it `over_quota` within moments, the rest at the next cleanup. */
export const changePreviewAnswer = (cameras: ReadonlyArray<DoomedOfCamera>) => ({
  ...sumsAnswer(cameras),
  cameras: cameras.map((camera) => ({ ...expiredAnswer(camera), over_quota: camera.overQuota })),
})
