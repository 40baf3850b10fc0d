import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { GStreamerCamera } from "../service/gstreamer/GStreamerCamera.ts"
import { examineFile } from "../service/recordedFile.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { cameraFiles } from "./cameraFiles.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, rounded } from "./verdict.ts"

export interface IndependentServerOptions extends TrialGround {
  /** From the first fragment on. */
  readonly seconds: number
}

const run = promisify(execFile)
const framesPerSecond = 25
/** Frames farther apart have something missing between them. */
const holeSeconds = 0.5

/** Presentation times of the video, in order. */
const videoTimes = async (path: string): Promise<ReadonlyArray<number>> => {
  const entries = ["-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
  const { stdout } = await run("ffprobe", ["-v", "error", ...entries, path], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
    .split(/[\s,]+/)
    .filter((text) => text !== "")
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** Records from GStreamer's RTSP server, a program none of us wrote: H.264 and G.711. */
export const measureIndependentServer = async ({
  seconds,
  ...ground
}: IndependentServerOptions): Promise<ReadonlyArray<Verdict>> => {
  const camera = await GStreamerCamera.start()
  try {
    return await Trial.run({ ...ground, seed: 1, cameras: [] }, async (trial) => {
      const addedAtMillis = Date.now()
      const id = await trial.add("gstreamer", camera.url)
      const isRecording = async () => (await trial.state(id)).state === "recording"
      await awaitFact("the camera records", isRecording)
      await new Promise((passed) => setTimeout(passed, seconds * 1000))
      const stoppedAtMillis = Date.now()
      await trial.stopAll([id])
      const goneAtMillis = Date.now()
      const coverage = await trial.coverage(id, addedAtMillis, Date.now())
      const recorded = coverage.spans.filter(({ kind }) => kind === "recorded")
      const gaps = coverage.spans.filter(({ kind, cause }) => kind === "gap" && cause !== "starting")
      const paths = cameraFiles(trial.cameraDirectory(id)).map(({ path }) => path)
      const files = await Promise.all(paths.map(examineFile))
      const frames = files.reduce((sum, { videoFrames }) => sum + videoFrames, 0)
      const intervals = (await Promise.all(paths.map(videoTimes))).flatMap((times) =>
        times.slice(1).map((time, at) => time - (times[at] ?? time)),
      )
      const durationErrorSeconds = Math.abs(coverage.recorded_seconds - frames / framesPerSecond)
      // It ends at some instant between the asking for it and the end of the run.
      const endMillis = Date.parse(recorded.at(-1)?.to ?? "")
      const endErrorSeconds = Math.max(0, stoppedAtMillis - endMillis, endMillis - goneAtMillis) / 1000
      const tags = files.map(({ videoTag, audioCodec }) => `${videoTag} ${audioCodec}`)
      const faults = files.map(({ decodeErrors }) => decodeErrors).join("")
      const audioFrames = Math.min(...files.map((file) => file.audioFrames))
      return [
        {
          name: "independent_server.file",
          figures: {
            files: files.length,
            streams: tags.join("; "),
            video_frames: frames,
            audio_frames: audioFrames,
            decode_errors: faults === "" ? "none" : faults.slice(0, 300),
          },
          target: "H.264 as it came, G.711 as AAC, all frames decode",
          met:
            files.length > 0 &&
            tags.every((tag) => tag === "avc1 aac") &&
            frames >= seconds * framesPerSecond &&
            audioFrames > 0 &&
            faults === "",
        },
        {
          name: "independent_server.account",
          figures: {
            recorded_spans: recorded.length,
            gaps_after_the_start: gaps.length,
            longest_frame_interval_seconds: rounded(greatest(intervals)),
            recorded_seconds: coverage.recorded_seconds,
            duration_error_seconds: rounded(durationErrorSeconds),
            end_error_seconds: rounded(endErrorSeconds),
          },
          target: "no gap after the start, no hole between frames, duration and end right within 0.5 s",
          met:
            recorded.length === 1 &&
            gaps.length === 0 &&
            greatest(intervals) <= holeSeconds &&
            durationErrorSeconds <= 0.5 &&
            endErrorSeconds <= 0.5,
        },
      ]
    })
  } finally {
    await camera.stop()
  }
}
