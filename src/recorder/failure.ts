import * as Redacted from "effect/Redacted"
import { type Cause, permanentCauses } from "../domain/Cause.ts"
import { redact } from "../logging/redact.ts"
import { socketTimeoutMicros } from "./ffmpegArguments.ts"
import { withoutCameraUrl } from "./withoutCameraUrl.ts"

/** What the next try should do differently. */
export type Remedy = "none" | "thorough_probing" | "probe_again" | "wait_for_room"

/** Why a run or a probe ended, in the words of the domain. */
export interface Failure {
  readonly cause: Cause
  /** Until somebody acts: retrying at pace is pointless. */
  readonly permanent: boolean
  /** One redacted line for people. */
  readonly detail: string
  readonly remedy: Remedy
}

/** What is known about the end of a process. */
export interface Ending {
  readonly exitCode: number | null
  readonly signal: string | null
  /** Whether FFmpeg closed its last file itself; null where there is none. Tells the end of an adopted process. */
  readonly hasTrailer: boolean | null
  /** The tail of its log, as it stands on disk. */
  readonly log: string
  /** What it was told to open, which its log repeats. */
  readonly url: Redacted.Redacted
  readonly livedMillis: number
  readonly fragments: number
  /** The codec was probed just before this try, so a codec error is no stale knowledge. */
  readonly freshProfile: boolean
  /** From the file system's own figures, not from a message. */
  readonly diskFull: boolean
}

/** A failure as its cause says: permanent or passing. */
export const failure = (cause: Cause, detail: string, remedy: Remedy = "none"): Failure => ({
  cause,
  permanent: permanentCauses.has(cause),
  detail,
  remedy,
})

/** The last line that says something, for people; the input's own "Error opening" lines repeat it. */
const lastLine = ({ log, url }: Ending): string => {
  const lines = log
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  return redact(withoutCameraUrl(lines.at(-1) ?? "", Redacted.value(url))).slice(0, 300)
}

/** FFmpeg 5.1's messages, measured for each case; first match wins. */
const byMessage: ReadonlyArray<readonly [RegExp, Cause, string]> = [
  [/401 Unauthorized/, "auth_failed", "the camera refuses the user name or password (401)"],
  [/403 Forbidden/, "access_denied", "the camera denies access (403)"],
  [/404 Not Found/, "not_found", "the camera knows no such stream (404)"],
  [/Connection refused/, "camera_unreachable", "connection refused"],
  [/Connection reset by peer/, "camera_unreachable", "the camera resets the connection"],
  [/Failed to resolve hostname/, "camera_unreachable", "the host name does not resolve"],
  [/No route to host|Network is unreachable|Host is down/, "camera_unreachable", "no route to the camera"],
  [/400 Bad Request/, "camera_unreachable", "the camera refuses the request (400)"],
  [/5XX Server Error/, "camera_unreachable", "the camera answers with a server error (5xx)"],
  [/4XX Client Error/, "camera_unreachable", "the camera refuses the request (4xx)"],
]

const codecFailure = (ending: Ending): Failure | null => {
  if (/is not supported by the bitstream filter/.test(ending.log)) {
    return failure("reconfigured", "the camera changed its codec", "probe_again")
  }
  if (/Could not find tag for codec|codec not currently supported in container/.test(ending.log)) {
    return ending.freshProfile
      ? failure("unsupported_codec", lastLine(ending), "probe_again")
      : failure("reconfigured", "the camera changed its codec", "probe_again")
  }
  if (/matches no streams/.test(ending.log)) {
    return ending.freshProfile
      ? failure("invalid_stream", "the stream has no video", "probe_again")
      : failure("reconfigured", "the camera changed its streams", "probe_again")
  }
  if (/dimensions not set|Could not find codec parameters/.test(ending.log) && ending.fragments === 0) {
    return failure("invalid_stream", "the stream parameters came too late", "thorough_probing")
  }
  return null
}

/**
 * Concludes why FFmpeg or ffprobe ended from its exit, its log and the file system.
 *
 * Exit codes and messages are those measured on FFmpeg 5.1: 0 also when the camera closes the connection. The exit
 * status of an adopted process went to another parent: whether its last file was closed says as much.
 */
export const classifyFailure = (ending: Ending): Failure => {
  if (ending.diskFull) return failure("disk_full", "no space left in the recordings directory")
  if (ending.signal !== null) return failure("process_crashed", `ended by ${ending.signal}`)
  const isAdopted = ending.exitCode === null
  if (isAdopted && ending.hasTrailer === false) {
    return failure("process_crashed", "ended in the middle of a file")
  }
  const codec = codecFailure(ending)
  if (codec !== null) return codec
  if (ending.fragments === 0) {
    for (const [pattern, cause, detail] of byMessage) {
      if (pattern.test(ending.log)) return failure(cause, detail)
    }
  }
  if (/Connection timed out/.test(ending.log)) {
    return ending.fragments > 0
      ? failure("stalled", "the camera stopped sending")
      : failure("camera_unreachable", "the connection timed out")
  }
  const isOrderly = ending.exitCode === 0 || (isAdopted && ending.hasTrailer === true)
  if (isOrderly) return failure("camera_unreachable", "the camera closed the connection")
  if (ending.fragments === 0 && /Invalid data found when processing input|End of file/.test(ending.log)) {
    return ending.livedMillis * 1000 >= socketTimeoutMicros
      ? failure("camera_unreachable", "the camera accepts connections but does not answer")
      : failure("invalid_stream", "the answer is no usable RTSP stream")
  }
  return failure("process_crashed", `ended with code ${ending.exitCode ?? "?"}: ${lastLine(ending)}`)
}
