import { execFile } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { StreamProfile, Transport } from "../domain/Camera.ts"
import { Cause } from "../domain/Cause.ts"
import { classifyFailure } from "./failure.ts"
import { fastProbing, socketTimeoutMicros } from "./ffmpegArguments.ts"
import { monotonicMillis } from "./monotonicMillis.ts"

/** The probe of a camera ended without an answer; the fields are those of a `Failure`. */
export class ProbeFailed extends Schema.TaggedError<ProbeFailed>()("ProbeFailed", {
  cause: Cause,
  permanent: Schema.Boolean,
  detail: Schema.String,
}) {}

/** Where to probe. */
export interface ProbeTarget {
  readonly ffprobePath: string
  readonly url: Redacted.Redacted
  readonly transport: Transport
}

const Streams = Schema.fromJsonString(
  Schema.Struct({
    streams: Schema.Array(
      Schema.Struct({ codec_type: Schema.String, codec_name: Schema.optionalKey(Schema.String) }),
    ),
  }),
)

interface Output {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Hangs on some broken servers in spite of `-timeout` (measured): KILL bounds it. */
const deadlineMillis = 20_000

const ffprobe = (target: ProbeTarget, options: ReadonlyArray<string>): Effect.Effect<Output> =>
  Effect.callback<Output>((resume, signal) => {
    const child = execFile(
      target.ffprobePath,
      [
        ["-v", "level+error", "-rtsp_transport", target.transport],
        ["-timeout", String(socketTimeoutMicros)],
        fastProbing,
        options,
        ["-i", Redacted.value(target.url)],
      ].flat(),
      {
        env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
        timeout: deadlineMillis,
        killSignal: "SIGKILL",
        maxBuffer: 1_048_576,
        signal,
      },
      (error, stdout, stderr) => {
        const stderrText = child.pid === undefined && error !== null ? error.message : stderr
        resume(
          Effect.succeed({ exitCode: child.exitCode, signal: child.signalCode, stdout, stderr: stderrText }),
        )
      },
    )
  })

/**
 * Asks the camera which codecs it sends, in about 1.2 s; remembered, so that a restart needs no probe.
 *
 * Fails with `ProbeFailed`, which carries the same causes as the end of a run.
 */
export const probeStream = Effect.fn("probeStream")(function* (target: ProbeTarget) {
  const startedAtMillis = monotonicMillis()
  const output = yield* ffprobe(target, ["-show_entries", "stream=codec_type,codec_name", "-of", "json"])
  const answer = Schema.decodeOption(Streams)(output.stdout)
  const streams = answer._tag === "Some" ? answer.value.streams : []
  const video = streams.find((stream) => stream.codec_type === "video")
  if (output.exitCode !== 0 || video?.codec_name === undefined) {
    if (output.signal === "SIGKILL") {
      // A camera that is silent or away ends ffprobe by its socket timeout, long before.
      const detail = `the camera answers, but with no usable stream within ${deadlineMillis / 1000} s`
      return yield* new ProbeFailed({ cause: "invalid_stream", permanent: false, detail })
    }
    const found = classifyFailure({
      exitCode: output.exitCode,
      signal: output.signal,
      hasTrailer: null,
      log: output.exitCode === 0 ? "Stream map '0:v:0' matches no streams." : output.stderr,
      url: target.url,
      livedMillis: monotonicMillis() - startedAtMillis,
      fragments: 0,
      freshProfile: true,
      diskFull: false,
    })
    return yield* new ProbeFailed({ cause: found.cause, permanent: found.permanent, detail: found.detail })
  }
  const audio = streams.find((stream) => stream.codec_type === "audio")
  const profile: StreamProfile = { videoCodec: video.codec_name, audioCodec: audio?.codec_name ?? null }
  return profile
})

/** Whether packets of audio really arrive within 3 s; never fails, since not knowing counts as no. */
export const audioArrives = Effect.fn("audioArrives")(function* (target: ProbeTarget) {
  const output = yield* ffprobe(
    target,
    [
      ["-select_streams", "a:0", "-read_intervals", "%+3"],
      ["-show_entries", "packet=pts", "-of", "csv=p=0"],
    ].flat(),
  )
  return output.exitCode === 0 && output.stdout.trim() !== ""
})
