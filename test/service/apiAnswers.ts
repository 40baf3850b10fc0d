import * as Schema from "effect/Schema"

const Instant = Schema.String.check(Schema.isPattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/))

/** `GET /api/cameras/{id}`, as far as tests look at it. */
export const CameraAnswer = Schema.Struct({
  id: Schema.Int,
  state: Schema.String,
  created_at: Instant,
  video_codec: Schema.NullOr(Schema.String),
  audio_codec: Schema.NullOr(Schema.String),
})

/** `GET /api/recording/status/{id}`. */
export const StatusAnswer = Schema.Struct({
  is_recording: Schema.Boolean,
  current_file: Schema.NullOr(Schema.String),
  disk_usage: Schema.String,
  retention_days: Schema.Int,
  recording_enabled: Schema.Boolean,
  state: Schema.String,
  cause: Schema.NullOr(Schema.String),
  alerts: Schema.Array(Schema.Struct({ kind: Schema.String, cause: Schema.NullOr(Schema.String) })),
})

/** `GET /api/cameras/{id}/coverage`. */
export const CoverageAnswer = Schema.Struct({
  from: Instant,
  to: Instant,
  known_until: Instant,
  recorded_seconds: Schema.Finite,
  gap_seconds: Schema.Finite,
  stopped_seconds: Schema.Finite,
  notes: Schema.Array(Schema.String),
  spans: Schema.Array(
    Schema.Struct({
      kind: Schema.Literals(["recorded", "gap", "stopped"]),
      from: Instant,
      to: Instant,
      cause: Schema.optionalKey(Schema.String),
    }),
  ),
})
export type CoverageAnswer = typeof CoverageAnswer.Type

/** `GET /api/recordings`. */
export const RecordingsAnswer = Schema.Struct({
  recordings: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      start_time: Instant,
      end_time: Instant,
      file_path: Schema.String,
      file_size: Schema.Int,
      state: Schema.Literals(["growing", "closed", "missing"]),
      frames: Schema.Int,
      missing_frames: Schema.NullOr(Schema.Int),
      lost_packets: Schema.NullOr(Schema.Int),
      damaged_frames_at_most: Schema.NullOr(Schema.Int),
      video_codec: Schema.String,
      audio: Schema.String,
    }),
  ),
  next_cursor: Schema.NullOr(Schema.String),
})
export type RecordingAnswer = (typeof RecordingsAnswer.Type)["recordings"][number]
