import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { Cameras } from "../storage/Cameras.ts"
import { RecordingProtection } from "../storage/RecordingProtection.ts"
import { Recordings, type Recording } from "../storage/Recordings.ts"
import { instant, seconds } from "./answers.ts"
import { type AppRuntime, answer } from "./AppRuntime.ts"
import { noCameraIn } from "./FieldNotFound.ts"
import { body, openRange, pathId, query } from "./reading.ts"
import { ProtectionBody, RecordingsQuery } from "./requests.ts"

const recordingAnswer = (recording: Recording) => ({
  id: recording.id,
  camera_id: recording.cameraId,
  start_time: instant(recording.startMillis),
  end_time: instant(recording.endMillis),
  file_path: recording.filePath,
  file_size: recording.sizeBytes,
  duration: seconds(recording.endMillis - recording.startMillis),
  is_clip: recording.isClip,
  is_protected: recording.isProtected,
  state: recording.state,
  frames: recording.frames,
  missing_frames: recording.missingFrames,
  lost_packets: recording.lostPackets,
  damaged_frames_at_most: recording.damagedFramesAtMost,
  video_codec: recording.videoCodec,
  audio: recording.audio,
  created_at: instant(recording.createdAtMillis),
})

/** `/api/recordings`: the files of a camera in a range, a page at a time; and whether one of them is protected. */
export const recordingRoutes = (runtime: AppRuntime): Hono =>
  new Hono()
    .get("/", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const { camera_id, cursor, limit, ...bounds } = yield* query(c, RecordingsQuery)
          const span = yield* openRange(bounds)
          const cameraId = Number(camera_id)
          // Of one that was removed, too: what it recorded is kept.
          yield* (yield* Cameras)
            .getKept(cameraId)
            .pipe(Effect.catchTag("CameraNotFound", noCameraIn("camera_id")))
          const page = yield* (yield* Recordings).list({
            cameraId,
            ...span,
            cursor,
            limit: Number(limit ?? 100),
          })
          return {
            body: { recordings: page.recordings.map(recordingAnswer), next_cursor: page.nextCursor },
          }
        }),
      ),
    )
    .put("/:id/protection", (c) =>
      answer(
        runtime,
        c,
        Effect.gen(function* () {
          const id = yield* pathId(c)
          const { protected: isProtected } = yield* body(c, ProtectionBody)
          yield* (yield* RecordingProtection).set(id, isProtected)
          return { body: { id, is_protected: isProtected } }
        }),
      ),
    )
