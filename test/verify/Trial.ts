import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import type { CameraOptions } from "../../src/demo/simulator/simulator.ts"
import type { LivingRun } from "../../src/recorder/livingRuns.ts"
import { recordedRunIds } from "../../src/recorder/runRecord.ts"
import { CoverageAnswer, type RecordingAnswer, RecordingsAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { SharedServer } from "../support/postgresServer.ts"
import { VigiaService } from "../support/VigiaService.ts"

/** Where a measure runs: in a test on the server of the test run, else on one that is given. */
export interface TrialGround {
  readonly databaseServer?: SharedServer
}

export interface TrialOptions extends TrialGround {
  readonly seed: number
  readonly cameras: ReadonlyArray<CameraOptions>
  /** Settings of the service. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where the service has its files; one that is made and removed unless given. */
  readonly directory?: string
}

const CameraAnswer = Schema.Struct({ id: Schema.Int, created_at: Schema.String })
const StateAnswer = Schema.Struct({ state: Schema.String, failures: Schema.Int })

/** A service and simulated cameras, each a process of its own, for the length of one measure. */
export class Trial {
  readonly service: VigiaService
  readonly simulator: SimulatorProcess
  #ownerId: number | null = null

  private constructor(service: VigiaService, simulator: SimulatorProcess) {
    this.service = service
    this.simulator = simulator
  }

  static async start({ cameras, seed, ...options }: TrialOptions): Promise<Trial> {
    const simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras,
      seed,
    })
    try {
      const service = await VigiaService.start(options)
      return new Trial(service, simulator)
    } catch (error) {
      await simulator.stop()
      throw error
    }
  }

  /** Runs a measure and clears up after it, however it ends. */
  static async run<Result>(
    options: TrialOptions,
    measure: (trial: Trial) => Promise<Result>,
  ): Promise<Result> {
    const trial = await Trial.start(options)
    try {
      return await measure(trial)
    } finally {
      await trial.service.remove()
      await trial.simulator.stop()
    }
  }

  /** Adds a camera that records at once; answers its id. */
  async add(name: string, url: string, transport: "tcp" | "udp" = "tcp"): Promise<number> {
    this.#ownerId ??= (
      await this.#ask(CameraAnswer, "POST", "/api/owners", { name: "trial", plan: "pro" })
    ).id
    const fresh = { owner_id: this.#ownerId, name, url, transport }
    return (await this.#ask(CameraAnswer, "POST", "/api/cameras", fresh)).id
  }

  async start(cameraId: number): Promise<void> {
    await this.#ask(Schema.Unknown, "POST", "/api/recording/start/", { camera_id: cameraId })
  }

  async stop(cameraId: number): Promise<void> {
    await this.#ask(Schema.Unknown, "POST", "/api/recording/stop/", { camera_id: cameraId })
  }

  async changeUrl(cameraId: number, url: string): Promise<void> {
    await this.#ask(Schema.Unknown, "PATCH", `/api/cameras/${cameraId}`, { url })
  }

  /** What the machine of the camera says. */
  async state(cameraId: number): Promise<typeof StateAnswer.Type> {
    return this.#ask(StateAnswer, "GET", `/api/recording/status/${cameraId}/`)
  }

  async coverage(cameraId: number, fromMillis: number, toMillis: number): Promise<CoverageAnswer> {
    const query = `from=${new Date(fromMillis).toISOString()}&to=${new Date(toMillis).toISOString()}`
    return this.#ask(CoverageAnswer, "GET", `/api/cameras/${cameraId}/coverage?${query}`)
  }

  /** The rows of a camera's files; of at most 1000. */
  async recordings(cameraId: number): Promise<ReadonlyArray<RecordingAnswer>> {
    const path = `/api/recordings?camera_id=${cameraId}&limit=1000`
    return (await this.#ask(RecordingsAnswer, "GET", path)).recordings
  }

  /** Stops cameras and resolves when none of them has a run any more: its record goes last. */
  async stopAll(cameraIds: ReadonlyArray<number>): Promise<void> {
    const runIds = cameraIds.flatMap((cameraId) => this.runOf(cameraId)?.runId ?? [])
    await Promise.all(cameraIds.map((cameraId) => this.stop(cameraId)))
    await awaitFact("all runs have ended", () => {
      const recorded = recordedRunIds(this.service.stateDirectory)
      return (
        cameraIds.every((id) => this.runOf(id) === undefined) && !runIds.some((id) => recorded.includes(id))
      )
    })
  }

  cameraDirectory(cameraId: number): string {
    return join(this.service.recordingDirectory, `cam_${cameraId}`)
  }

  /** The run that records a camera now. */
  runOf(cameraId: number): LivingRun | undefined {
    return this.service.runs().find((run) => run.cameraId === cameraId)
  }

  async #ask<S extends Schema.ConstraintDecoder<unknown>>(
    schema: S,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<S["Type"]> {
    const answer = await this.service.request(method, path, body)
    if (answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    }
    return Schema.decodeUnknownSync(schema)(answer.body)
  }
}
