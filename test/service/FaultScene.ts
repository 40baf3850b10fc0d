import { join } from "node:path"
import * as Schema from "effect/Schema"
import { vi } from "vitest"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { ConditionKind, Fault } from "../../src/demo/simulator/faults.ts"
import type { CameraHandle } from "../../src/demo/simulator/simulator.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { VigiaService } from "../support/VigiaService.ts"
import {
  CameraAnswer,
  CoverageAnswer,
  type RecordingAnswer,
  RecordingsAnswer,
  StatusAnswer,
} from "./apiAnswers.ts"
import type { CameraTransitions, Transition } from "./CameraTransitions.ts"
import { type LagFigures, VideoLag } from "./VideoLag.ts"

const recordedWithinMillis = 60_000

/** What the service says of a camera at an instant. */
export interface Noted {
  readonly cause: string | null
  readonly alerts: ReadonlyArray<string>
  /** Of the newest recording. */
  readonly audio: string | null
  /** Of the coverage. */
  readonly notes: ReadonlyArray<string>
}

/** A service, and its log in states. */
export interface Stage {
  readonly service: VigiaService
  readonly transitions: CameraTransitions
}

/** A camera of the service together with the simulated one behind it: what a scenario can do to them and wait for. */
export class FaultScene {
  readonly cameraId: number
  readonly camera: CameraHandle
  /** When the fault began: at first the creation of the camera. */
  faultAtMillis: number
  /** When the fault ended; null while it has not. */
  mendedAtMillis: number | null = null
  /** How the camera stood while the fault lasted: at the latest failure, or when the script said so. */
  noted: Noted | null = null
  readonly #stage: Stage
  #lag: VideoLag | null = null

  private constructor(stage: Stage, camera: CameraHandle, cameraId: number) {
    this.#stage = stage
    this.camera = camera
    this.cameraId = cameraId
    this.faultAtMillis = Date.now()
  }

  static async open(
    stage: Stage,
    camera: CameraHandle,
    fields: { readonly name: string; readonly url: string; readonly transport: "tcp" | "udp" },
    ownerId: number,
  ): Promise<FaultScene> {
    const { status, body } = await stage.service.request("POST", "/api/cameras", {
      ...fields,
      owner_id: ownerId,
    })
    if (status !== 201) throw new Error(`${fields.name} was not created: ${JSON.stringify(body)}`)
    return new FaultScene(stage, camera, Schema.decodeUnknownSync(CameraAnswer)(body).id)
  }

  get transitions(): ReadonlyArray<Transition> {
    return this.#stage.transitions.of(this.cameraId)
  }

  async fault(fault: Fault): Promise<void> {
    this.faultAtMillis = Date.now()
    await this.camera.set(fault)
  }

  async mend(kind?: ConditionKind): Promise<void> {
    await this.camera.clear(kind)
    this.mendedAtMillis = Date.now()
  }

  async patch(change: object): Promise<void> {
    await this.#ask("PATCH", `/api/cameras/${this.cameraId}`, change)
    // It takes effect at some instant before the answer: a busy disk may keep it waiting.
    this.mendedAtMillis = Date.now()
  }

  /** Waits for the first change to a state since the latest fault or mend; resolves with it. */
  async enters(state: string, sinceMillis = this.mendedAtMillis ?? this.faultAtMillis): Promise<void> {
    await awaitFact(
      `camera ${this.cameraId} enters ${state}`,
      () => this.transitions.some(({ to, atMillis }) => to === state && atMillis >= sinceMillis),
      recordedWithinMillis,
    )
    if (state === "backoff") await this.note()
  }

  async note(): Promise<void> {
    const { cause, alerts } = await this.status()
    const audio = (await this.recordings()).at(-1)?.audio ?? null
    const { notes } = await this.coverage()
    this.noted = { cause, alerts: alerts.map(({ kind }) => kind), audio, notes }
  }

  /** Waits until a frame sent at or after an instant, and so many after it, are on disk. */
  async records(frames = 75, sinceMillis = this.mendedAtMillis ?? this.faultAtMillis): Promise<void> {
    await vi.waitUntil(
      async () => {
        const { current_file } = await this.status()
        if (current_file === null) return false
        const stamps = readFrameStamps(join(this.#stage.service.recordingDirectory, current_file))
        return stamps.filter(({ sentAtMillis }) => sentAtMillis >= sinceMillis).length >= frames
      },
      { interval: 250, timeout: recordedWithinMillis },
    )
  }

  /** Begins to measure how far the video on disk is behind the camera, in the current file. */
  async watchLag(): Promise<void> {
    const { current_file } = await this.status()
    if (current_file === null) throw new Error(`camera ${this.cameraId} does not record`)
    this.#lag = new VideoLag(join(this.#stage.service.recordingDirectory, current_file))
  }

  /** Null where it was not watched. */
  get lag(): LagFigures | null {
    return this.#lag?.figures ?? null
  }

  async status(): Promise<typeof StatusAnswer.Type> {
    return Schema.decodeUnknownSync(StatusAnswer)(
      await this.#ask("GET", `/api/recording/status/${this.cameraId}`),
    )
  }

  async recordings(): Promise<ReadonlyArray<RecordingAnswer>> {
    const found = await this.#ask("GET", `/api/recordings?camera_id=${this.cameraId}&limit=1000`)
    return Schema.decodeUnknownSync(RecordingsAnswer)(found).recordings.toSorted(
      (a, b) => Date.parse(a.start_time) - Date.parse(b.start_time),
    )
  }

  /** From the creation of the camera to now. */
  async coverage(): Promise<CoverageAnswer> {
    const camera = Schema.decodeUnknownSync(CameraAnswer)(
      await this.#ask("GET", `/api/cameras/${this.cameraId}`),
    )
    const range = `from=${camera.created_at}&to=${new Date().toISOString()}`
    return Schema.decodeUnknownSync(CoverageAnswer)(
      await this.#ask("GET", `/api/cameras/${this.cameraId}/coverage?${range}`),
    )
  }

  /** Ends the recording of this camera; resolves when all its files are settled in the catalog. */
  async stop(): Promise<void> {
    this.#lag?.stop()
    await this.#ask("POST", "/api/recording/stop", { camera_id: this.cameraId })
    await vi.waitUntil(async () => (await this.recordings()).every(({ state }) => state === "closed"), {
      interval: 250,
      timeout: recordedWithinMillis,
    })
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#stage.service.request(method, path, body)
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
}
