import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { type Ending, classifyFailure } from "../../src/recorder/failure.ts"

const ending: Ending = {
  exitCode: 1,
  signal: null,
  hasTrailer: null,
  log: "",
  url: Redacted.make("rtsp://h/live"),
  livedMillis: 300,
  fragments: 0,
  freshProfile: false,
  diskFull: false,
}

/** Exit codes and messages as FFmpeg 5.1 gives them. */
const cases: ReadonlyArray<readonly [string, Partial<Ending>, string, boolean, string]> = [
  [
    "refused",
    { log: "Connection to tcp://h:1 failed: Connection refused" },
    "camera_unreachable",
    false,
    "none",
  ],
  [
    "an adopted run whose camera closed the connection",
    { exitCode: null, hasTrailer: true, fragments: 9 },
    "camera_unreachable",
    false,
    "none",
  ],
  [
    "an adopted run that was killed",
    { exitCode: null, hasTrailer: false, fragments: 9 },
    "process_crashed",
    false,
    "none",
  ],
  [
    "an adopted run whose camera stalled",
    { exitCode: null, hasTrailer: true, fragments: 9, log: "Connection timed out" },
    "stalled",
    false,
    "none",
  ],
  [
    "an adopted run that never reached its camera",
    { exitCode: null, log: "Connection refused" },
    "camera_unreachable",
    false,
    "none",
  ],
  [
    "dns",
    { log: "Failed to resolve hostname x: Name or service not known" },
    "camera_unreachable",
    false,
    "none",
  ],
  ["401", { log: "method DESCRIBE failed: 401 Unauthorized" }, "auth_failed", true, "none"],
  ["403", { log: "Server returned 403 Forbidden (access denied)" }, "access_denied", true, "none"],
  ["404", { log: "Server returned 404 Not Found" }, "not_found", true, "none"],
  [
    "reset",
    { log: "[error] rtsp://h/live: Connection reset by peer\n" },
    "camera_unreachable",
    false,
    "none",
  ],
  [
    "400",
    { log: "[error] rtsp://h/live: Server returned 400 Bad Request\n" },
    "camera_unreachable",
    false,
    "none",
  ],
  ["503", { log: "Server returned 5XX Server Error reply" }, "camera_unreachable", false, "none"],
  [
    "454",
    { log: "Server returned 4XX Client Error, but not one of 40{0,1,3,4}" },
    "camera_unreachable",
    false,
    "none",
  ],
  [
    "accepts, never answers",
    { log: "x: Invalid data found when processing input", livedMillis: 5600 },
    "camera_unreachable",
    false,
    "none",
  ],
  ["broken SDP", { log: "x: Invalid data found when processing input" }, "invalid_stream", false, "none"],
  ["closed by the camera", { exitCode: 0, fragments: 9 }, "camera_unreachable", false, "none"],
  ["stall", { exitCode: 0, fragments: 9, log: "Connection timed out" }, "stalled", false, "none"],
  ["killed", { exitCode: null, signal: "SIGKILL", fragments: 9 }, "process_crashed", false, "none"],
  ["ended by somebody's TERM", { exitCode: 255, fragments: 9 }, "process_crashed", false, "none"],
  [
    "codec tag, stale profile",
    { log: "Could not find tag for codec vp8" },
    "reconfigured",
    false,
    "probe_again",
  ],
  [
    "codec tag, just probed",
    { log: "Could not find tag for codec vp8", freshProfile: true },
    "unsupported_codec",
    true,
    "probe_again",
  ],
  [
    "codec changed",
    { log: "Codec 'hevc' (173) is not supported by the bitstream filter 'h264_mp4toannexb'." },
    "reconfigured",
    false,
    "probe_again",
  ],
  ["parameters too late", { log: "dimensions not set" }, "invalid_stream", false, "thorough_probing"],
  ["disk full", { log: "No space left on device", diskFull: true }, "disk_full", false, "none"],
]

describe("classifyFailure", () => {
  it.each(cases)("%s", (_name, known, cause, permanent, remedy) => {
    expect(classifyFailure({ ...ending, ...known })).toMatchObject({ cause, permanent, remedy })
  })

  it("believes the file system, not a message, about a full disk", () => {
    expect(classifyFailure({ ...ending, log: "No space left on device" }).cause).not.toBe("disk_full")
  })

  it.each([
    "rtsp://user:p@ss:w@host/x",
    "rtsp://viewer:Hun'ter2@host/x",
    'rtsp://viewer:Hun"ter2@host/x',
    "rtsp://viewer:Hun<ter2>@host/x",
    "rtsp://viewer:Hun/ter2@host/x",
    "rtsp://viewer:Hun%27ter2@host/x",
    "rtsp://Hun'ter2@host/x",
    "rtsp://host/user=admin_password=Hun'ter2_channel=1_stream=0.sdp?real_stream",
    "rtsp://host/x?usr=admin&p=Hun'ter2",
  ])("shows no password of %s, which FFmpeg printed", (url) => {
    const log = `[rtsp @ 0x5581] [warning] something\n[error] ${url}: strange end\n`
    const { detail } = classifyFailure({ ...ending, log, url: Redacted.make(url) })
    expect(detail).toContain("strange end")
    expect(detail).not.toMatch(/p@ss|ss:w|Hun|ter2/)
  })
})
