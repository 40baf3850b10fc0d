import { describe, expect, it } from "vitest"
import { type ArgumentsRequest, ffmpegArguments } from "../../src/recorder/ffmpegArguments.ts"

const request: ArgumentsRequest = {
  url: "rtsp://camera/stream",
  transport: "tcp",
  profile: { videoCodec: "h264", audioCodec: null },
  audio: "as_probed",
  probing: "fast",
  codec: "copy",
  bitrate: "2M",
  segmentDurationSeconds: 3600,
  runDirectory: "/r/cam_1/.runs/x",
}

const after = (list: ReadonlyArray<string>, option: string) => list[list.indexOf(option) + 1]

describe("ffmpegArguments", () => {
  it("copies H.264 without audio into numbered, clock-cut fragmented mp4", () => {
    expect(ffmpegArguments(request).join(" ")).toBe(
      "-nostdin -hide_banner -loglevel repeat+level+warning -rtsp_transport tcp -timeout 4000000 " +
        "-analyzeduration 1000000 -probesize 1000000 -fpsprobesize 0 -i rtsp://camera/stream " +
        "-map 0:v:0 -c:v copy -bsf:v h264_mp4toannexb -max_interleave_delta 200000 -f segment -segment_atclocktime 1 " +
        "-segment_time 3600 -segment_format mp4 -segment_format_options " +
        "movflags=+frag_keyframe+empty_moov+default_base_moof:frag_duration=600000:flush_packets=1 " +
        "/r/cam_1/.runs/x/%06d.mp4",
    )
  })

  it.each([
    ["aac", "copy"],
    ["opus", "copy"],
    ["pcm_alaw", "aac"],
    ["pcm_mulaw", "aac"],
  ])("treats %s audio by %s", (audioCodec, treatment) => {
    const list = ffmpegArguments({ ...request, profile: { videoCodec: "h264", audioCodec } })
    expect(after(list, "-c:a")).toBe(treatment)
    expect(list.join(" ")).toContain("-map 0:a:0")
  })

  it("maps video only when audio is off", () => {
    const list = ffmpegArguments({
      ...request,
      audio: "off",
      profile: { videoCodec: "h264", audioCodec: "pcm_alaw" },
    })
    expect(list.join(" ")).not.toContain("0:a:0")
    expect(list).not.toContain("-c:a")
  })

  it("tags HEVC as hvc1, and re-encodes it only for RECORDING_CODEC=h264", () => {
    const profile = { videoCodec: "hevc", audioCodec: null }
    expect(after(ffmpegArguments({ ...request, profile }), "-tag:v")).toBe("hvc1")
    const encoded = ffmpegArguments({ ...request, profile, codec: "h264", bitrate: "800k" })
    expect(after(encoded, "-c:v")).toBe("libx264")
    expect(after(encoded, "-b:v")).toBe("800k")
    expect(after(ffmpegArguments({ ...request, codec: "h264" }), "-c:v")).toBe("copy")
  })

  it("leaves probing to FFmpeg when asked for thorough probing, and takes UDP and the segment length", () => {
    const list = ffmpegArguments({
      ...request,
      probing: "thorough",
      transport: "udp",
      segmentDurationSeconds: 10,
    })
    expect(list).not.toContain("-probesize")
    expect(after(list, "-rtsp_transport")).toBe("udp")
    expect(after(list, "-segment_time")).toBe("10")
  })
})
