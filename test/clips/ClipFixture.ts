import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { CoverageAnswer, RecordingsAnswer, type RecordingAnswer } from "../service/apiAnswers.ts"
import { RecordingFixture } from "../service/RecordingFixture.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { SharedServer } from "../support/postgresServer.ts"
import { packetHashes } from "./packetHashes.ts"

/** `GET /api/clips/{id}`. */
export const ClipAnswer = Schema.Struct({
  id: Schema.String,
  camera_id: Schema.Int,
  name: Schema.String,
  state: Schema.Literals(["exporting", "ready", "failed", "cancelled", "missing", "damaged"]),
  progress: Schema.Finite,
  error: Schema.NullOr(Schema.String),
  starts_at: Schema.NullOr(Schema.String),
  ends_at: Schema.NullOr(Schema.String),
  duration: Schema.NullOr(Schema.Finite),
  gaps: Schema.NullOr(
    Schema.Array(Schema.Struct({ from: Schema.String, to: Schema.String, cause: Schema.String })),
  ),
  file_path: Schema.NullOr(Schema.String),
  file_size: Schema.NullOr(Schema.Int),
})
export type ClipAnswer = typeof ClipAnswer.Type

/** A request for a clip; times in Unix milliseconds. */
export interface AskedClip {
  readonly camera_id: number
  readonly from: number
  readonly to: number
  readonly name: string
  readonly exact?: boolean
}

/** A service that records short files, and what tests ask it about clips. */
export class ClipFixture {
  readonly recording: RecordingFixture
  readonly #hashes = new Map<string, ReadonlyArray<string>>()

  private constructor(recording: RecordingFixture) {
    this.recording = recording
  }

  static async start(
    segmentSeconds: number,
    environment: Readonly<Record<string, string>> = {},
    databaseServer?: SharedServer,
  ): Promise<ClipFixture> {
    return new ClipFixture(
      await RecordingFixture.start(
        { ...environment, RECORDING_SEGMENT_DURATION: String(segmentSeconds) },
        databaseServer,
      ),
    )
  }

  get service() {
    return this.recording.service
  }

  /** A new camera with sound that records. */
  async camera(): Promise<number> {
    const id = await this.recording.add((await this.recording.simulate({ audio: "aac" })).url)
    await this.recording.records(id)
    return id
  }

  /** Resolves with the present time as soon as all up to `toMillis` is on disk. */
  untilKnown(cameraId: number, toMillis: number): Promise<number> {
    const range = `from=${new Date(toMillis - 1000).toISOString()}&to=${new Date(toMillis).toISOString()}`
    return awaitFact("the end of the range is on disk", async () => {
      const { body } = await this.service.request("GET", `/api/cameras/${cameraId}/coverage?${range}`)
      const { known_until } = Schema.decodeUnknownSync(CoverageAnswer)(body)
      return Date.parse(known_until) >= toMillis ? Date.now() : null
    })
  }

  ask({ from, to, ...rest }: AskedClip) {
    const body = { ...rest, from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    return this.service.request("POST", "/api/clips", body)
  }

  async get(id: string): Promise<ClipAnswer> {
    const { body } = await this.service.request("GET", `/api/clips/${id}`)
    return Schema.decodeUnknownSync(ClipAnswer)(body)
  }

  /** Asks for a clip and waits for its file. */
  async export(asked: AskedClip): Promise<ClipAnswer> {
    const { status, body } = await this.ask(asked)
    if (status !== 202) throw new Error(`${status}: ${JSON.stringify(body)}`)
    const { id } = Schema.decodeUnknownSync(ClipAnswer)(body)
    return awaitFact(`clip ${asked.name} has ended`, async () => {
      const clip = await this.get(id)
      return clip.state === "exporting" ? null : clip
    })
  }

  path(clip: ClipAnswer): string {
    return join(this.service.recordingDirectory, clip.file_path ?? "nothing")
  }

  clipNames(cameraId: number): ReadonlyArray<string> {
    return readdirSync(join(this.service.recordingDirectory, `cam_${cameraId}`, "clips")).toSorted()
  }

  async recordings(cameraId: number): Promise<ReadonlyArray<RecordingAnswer>> {
    const { body } = await this.service.request("GET", `/api/recordings?camera_id=${cameraId}&limit=1000`)
    return Schema.decodeUnknownSync(RecordingsAnswer)(body).recordings
  }

  /** Hashes of all packets that are on disk of a camera, in the order of its files. */
  async sourceHashes(cameraId: number, stream: "v" | "a"): Promise<ReadonlyArray<string>> {
    const files = await this.recordings(cameraId)
    return files.flatMap(({ file_path }) => {
      const path = join(this.service.recordingDirectory, file_path)
      // A file that grew is read again, the others once.
      const key = `${stream} ${path} ${statSync(path).size}`
      const hashes = this.#hashes.get(key) ?? packetHashes(path, stream)
      this.#hashes.set(key, hashes)
      return hashes
    })
  }

  async stopCamera(cameraId: number): Promise<void> {
    await this.service.request("POST", "/api/recording/stop", { camera_id: cameraId })
    await awaitFact("the run has ended", () => !this.service.runs().some((run) => run.cameraId === cameraId))
  }

  async startCamera(cameraId: number): Promise<void> {
    await this.service.request("POST", "/api/recording/start", { camera_id: cameraId })
    await this.recording.records(cameraId)
  }

  stop(): Promise<void> {
    return this.recording.stop()
  }
}
