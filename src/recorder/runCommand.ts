import * as Redacted from "effect/Redacted"
import type { RecordingCodec } from "../config/Settings.ts"
import type { Camera } from "../domain/Camera.ts"

/** What a run records and how, as its command line says; a command of an earlier version reads the same. */
export interface RunCommand {
  readonly url: Redacted.Redacted
  readonly transport: string
  readonly segmentDurationSeconds: number
  /** Null while video is copied. */
  readonly videoBitrate: string | null
  readonly hasAudio: boolean
}

/** The settings that decide what a run writes. */
export interface RecordingSettings {
  readonly recordingCodec: RecordingCodec
  readonly recordingBitrate: string
  readonly segmentDurationSeconds: number
}

/** Reads the arguments of a run of FFmpeg, without the program. */
export const readRunCommand = (commandArguments: ReadonlyArray<string>): RunCommand => {
  const after = (option: string): string | null => {
    const at = commandArguments.indexOf(option)
    return at < 0 ? null : (commandArguments[at + 1] ?? null)
  }
  return {
    url: Redacted.make(after("-i") ?? ""),
    transport: after("-rtsp_transport") ?? "",
    segmentDurationSeconds: Number(after("-segment_time")),
    videoBitrate: after("-b:v"),
    hasAudio: commandArguments.includes("0:a:0"),
  }
}

const bitrateOf = (
  { profile }: Camera,
  { recordingCodec, recordingBitrate }: RecordingSettings,
): string | null =>
  recordingCodec === "h264" && profile !== null && profile.videoCodec !== "h264" ? recordingBitrate : null

/** Whether a run records just what is wanted of a camera now: then it may go on as it is. */
export const isAsWanted = (command: RunCommand, camera: Camera, settings: RecordingSettings): boolean =>
  Redacted.value(command.url) === Redacted.value(camera.url) &&
  command.transport === camera.transport &&
  command.segmentDurationSeconds === settings.segmentDurationSeconds &&
  // Without a profile nobody knows what the camera sends: only a transcoded run can be told to be wrong.
  (camera.profile === null
    ? command.videoBitrate === null || settings.recordingCodec === "h264"
    : command.videoBitrate === bitrateOf(camera, settings))
