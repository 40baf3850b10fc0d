import * as Schema from "effect/Schema"

/**
 * Why an enabled camera was not recorded during a gap.
 *
 * - `starting`: from enabling to the first fragment, when the first try succeeds
 * - `camera_unreachable`: refused, unresolvable, unroutable, or the camera closed the connection
 * - `auth_failed` (401), `access_denied` (403), `not_found` (404), `unsupported_codec`: permanent until somebody acts
 * - `invalid_stream`: an answer that is no usable RTSP stream
 * - `connect_timeout`: connected, but no fragment within the connecting deadline
 * - `stalled`: fragments stopped arriving while the process lived
 * - `no_frames`: a hole inside a run: the process went on, the camera sent nothing for a while
 * - `process_crashed`: FFmpeg ended by a signal or for an unknown reason
 * - `reconfigured`: Vigia itself restarted the run (changed URL, codec or audio)
 * - `disk_full`, `disk_failed`: the file system's own figures or errors say so
 * - `service_down`: the service was not running
 * - `file_missing`: it was recorded, but the file, or its end, is gone from the disk
 * - `deleted`: it was recorded, and the file was deleted: expired, evicted or asked for, as the detail says
 * - `clock_step`: this machine's clock jumped forward over these instants; nothing was lost
 * - `unknown`: none of the above could be shown
 */
export const Cause = Schema.Literals([
  "starting",
  "camera_unreachable",
  "auth_failed",
  "access_denied",
  "not_found",
  "unsupported_codec",
  "invalid_stream",
  "connect_timeout",
  "stalled",
  "no_frames",
  "process_crashed",
  "reconfigured",
  "disk_full",
  "disk_failed",
  "service_down",
  "file_missing",
  "deleted",
  "clock_step",
  "unknown",
])
export type Cause = typeof Cause.Type

/** Causes that only a person can end: retried slowly, with an alert that names the reason. */
export const permanentCauses: ReadonlySet<Cause> = new Set<Cause>([
  "auth_failed",
  "access_denied",
  "not_found",
  "unsupported_codec",
])
