import * as Schema from "effect/Schema"

const Figure = Schema.NullOr(Schema.Finite)

const WindowAnswer = Schema.NullOr(
  Schema.Struct({
    measured_at: Schema.String,
    uptime_percent: Figure,
    recorded_seconds: Schema.Finite,
    enabled_seconds: Schema.Finite,
    frames: Schema.Finite,
    missing_frames: Figure,
    lost_packets: Figure,
    damaged_frames_at_most: Figure,
    frame_loss_percent: Figure,
    not_measured: Schema.Array(Schema.String),
  }),
)

/** What `/api/health` and `status` say of a camera's figures. */
export const CameraFigures = Schema.Struct({
  fragment_age_seconds: Figure,
  bits_per_second: Figure,
  frames_per_second: Figure,
  cpu_percent: Figure,
  resident_bytes: Figure,
  written_bytes_per_second: Figure,
  clock_offset_seconds: Figure,
  not_measured: Schema.Array(Schema.String),
  failures: Schema.Struct({
    total: Schema.Int,
    by_cause: Schema.Record(Schema.String, Schema.Int),
    recovery_seconds: Schema.Array(Schema.Finite),
  }),
  windows: Schema.Struct({ "1h": WindowAnswer, "24h": WindowAnswer, "30d": WindowAnswer }),
})

/** `GET /api/health`. */
export const HealthAnswer = Schema.Struct({
  measured_at: Schema.String,
  summary: Schema.Struct({ cameras_recording: Schema.Int, targets_met: Schema.Int }),
  targets: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      limit: Schema.Finite,
      unit: Schema.String,
      measured: Figure,
      measured_at: Schema.NullOr(Schema.String),
      met: Schema.NullOr(Schema.Boolean),
      since: Schema.String,
      worst_cameras: Schema.Array(Schema.Struct({ camera_id: Schema.Int, measured: Schema.Finite })),
      unmeasured_cameras: Schema.Array(Schema.Int),
    }),
  ),
  service: Schema.Struct({
    disk: Schema.Struct({
      used_percent: Figure,
      written_bytes_per_second: Figure,
      write_latency_seconds: Figure,
    }),
    event_loop: Schema.Struct({ delay_seconds: Figure, greatest_delay_seconds: Figure }),
    queues: Schema.Struct({ rows: Schema.Int, clips: Schema.Int, notifications: Schema.Int }),
    database: Schema.Struct({
      available: Schema.Boolean,
      away_since: Schema.NullOr(Schema.String),
      latency_seconds: Figure,
    }),
    cleanup: Schema.Struct({ last_complete: Schema.NullOr(Schema.String), failing: Schema.Boolean }),
    cpu_percent: Figure,
    resident_bytes: Figure,
  }),
  delivery: Schema.Struct({
    waiting: Schema.Int,
    failing_receivers: Schema.Array(
      Schema.Struct({ receiver: Schema.String, since: Schema.String, error: Schema.String }),
    ),
    outbox_fault: Schema.NullOr(Schema.Struct({ since: Schema.String, error: Schema.String })),
  }),
  cameras: Schema.Array(
    Schema.Struct({ camera_id: Schema.Int, state: Schema.String, ...CameraFigures.fields }),
  ),
})
export type HealthAnswer = typeof HealthAnswer.Type
