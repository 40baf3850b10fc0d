import type { Cause } from "./Cause.ts"

/** Spans that end now, in milliseconds. */
export const healthWindows = {
  hour: 3_600_000,
  day: 24 * 3_600_000,
  month: 30 * 24 * 3_600_000,
} as const
export type HealthWindow = keyof typeof healthWindows

/**
 * What one window says; null is "not measured".
 *
 * A file that lies only partly within the window counts by its share of time.
 */
export interface CameraWindow {
  /** The end of the window: it is measured now and then, and stays as it is while the database is away. */
  readonly measuredAtMillis: number
  /** Recorded time by enabled time, 0 to 1; what was recorded and deleted since counts as recorded. */
  readonly uptime: number | null
  readonly recordedSeconds: number
  readonly enabledSeconds: number
  /** Of the recordings that are still there. */
  readonly frames: number
  /**
   * Frames absent by the gaps in presentation times, of the recordings whose rate is regular enough to tell; null where
   * these hold less than 95 % of the frames.
   */
  readonly missingFrames: number | null
  /** The part of `frames`, 0 to 1, of the recordings that tell their missing frames. */
  readonly missingMeasuredShare: number
  /** Packets that never arrived, of the recordings over UDP; null where there is none. */
  readonly lostPackets: number | null
  /** Frames of the recordings over UDP that lost packets may have damaged: an upper bound; null where there is none. */
  readonly damagedFramesAtMost: number | null
  /** The part of `frames`, 0 to 1, of the recordings that tell their lost packets. */
  readonly lossMeasuredShare: number
  /** Missing by expected frames of the recordings that tell, 0 to 100; null where `missingFrames` is. */
  readonly frameLossPercent: number | null
}

/**
 * How often a camera failed since the service started, and how long it took to be recorded again.
 *
 * Each failure is the end of a run, or a try that did not become one; after each FFmpeg is started again. That Vigia ended
 * a run for changed settings or a full disk is none.
 */
export interface CameraFailures {
  readonly total: number
  readonly byCause: Readonly<Partial<Record<Cause, number>>>
  /** Outages that are over. */
  readonly recoveries: number
  /** Of the last ten of them, the newest last: as long as the gap in the coverage, which begins with a failure. */
  readonly recoverySeconds: ReadonlyArray<number>
}

/** What the machine of a camera says stands now. */
export interface CameraStandingAlert {
  /** `permanent_cause`: only a person can end it. */
  readonly kind: "permanent_cause" | "restart_intensity" | "audio_missing"
  readonly detail: string
  readonly sinceMillis: number
}

export interface CameraHealth {
  readonly cameraId: number
  readonly name: string
  readonly isEnabled: boolean
  readonly state: string
  readonly stateSinceMillis: number
  readonly cause: Cause | null
  readonly detail: string
  readonly alerts: ReadonlyArray<CameraStandingAlert>
  /** Age of the newest fragment on disk; null before the first. */
  readonly fragmentAgeSeconds: number | null
  /** Of the last seconds; null while not recording. */
  readonly bitsPerSecond: number | null
  readonly framesPerSecond: number | null
  /** Of the FFmpeg of the camera, by the kernel: of one core, 0 to 100 and more. */
  readonly cpuPercent: number | null
  readonly residentBytes: number | null
  /** Given to the disk by the FFmpeg of the camera, by the kernel (`/proc/PID/io`, write_bytes). */
  readonly writtenBytesPerSecond: number | null
  readonly failures: CameraFailures
  /** For all that judges: null where not measured, or longer ago than some refreshes, as while the database is away. */
  readonly windows: Readonly<Record<HealthWindow, CameraWindow | null>>
  /** For people: as last measured, however long ago. */
  readonly lastWindows: Readonly<Record<HealthWindow, CameraWindow | null>>
}

export interface ServiceHealth {
  readonly startedAtMillis: number
  readonly disk: {
    readonly totalBytes: number | null
    readonly freeBytes: number | null
    readonly usedPercent: number | null
    readonly reserveBytes: number | null
    readonly state: string
    /** Why the disk does not say how full it is. */
    readonly error: string | null
    /** Why evictions do not help, in words; null where they do, or are not needed. */
    readonly obstacle: string | null
    readonly isRecordingStopped: boolean
    /** Of the service and the FFmpeg processes that record; not of clip exports, nor of PostgreSQL. */
    readonly writtenBytesPerSecond: number | null
    readonly readBytesPerSecond: number | null
    /** How long it takes to bring what was written onto the medium: 99th percentile of the last minute. */
    readonly writeLatencySeconds: number | null
  }
  readonly eventLoop: {
    /** 99th percentile and greatest of the last minute. */
    readonly delaySeconds: number | null
    readonly greatestDelaySeconds: number | null
  }
  readonly queues: Readonly<Record<"rows" | "clips" | "notifications", number>>
  readonly database: {
    readonly isAvailable: boolean
    readonly latencySeconds: number | null
    readonly awaySinceMillis: number | null
  }
  readonly cleanup: { readonly lastCompleteMillis: number | null; readonly isFailing: boolean }
  readonly cpuPercent: number | null
  readonly residentBytes: number | null
}

/** What the specification asks for. */
export type TargetName = "uptime" | "frame_loss" | "disk_io" | "cpu"

/** A target and how it stands; what is measured of cameras is that of the worst. */
export interface TargetState {
  readonly name: TargetName
  /** `measured` is to be on this side of it. */
  readonly limit: number
  readonly bound: "at_least" | "below"
  readonly unit: "percent" | "bytes_per_second"
  readonly measured: number | null
  /** When the oldest of the figures was measured that decide; null while none is. */
  readonly measuredAtMillis: number | null
  /** Null while nothing is measured; what is not measured of single cameras is in `unmeasuredCameras`. */
  readonly isMet: boolean | null
  /** Since when `isMet` is as it is. */
  readonly sinceMillis: number
  /** Those that miss the target, the worst first; at most ten. */
  readonly worstCameras: ReadonlyArray<{ readonly cameraId: number; readonly measured: number }>
  /** Enabled cameras of which it is not known. */
  readonly unmeasuredCameras: ReadonlyArray<number>
}

/** Everything that is measured, as of `measuredAtMillis`. */
export interface HealthReport {
  readonly measuredAtMillis: number
  readonly targets: ReadonlyArray<TargetState>
  readonly service: ServiceHealth
  readonly cameras: ReadonlyArray<CameraHealth>
}
