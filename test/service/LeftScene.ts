import { spawn } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import type { CameraHandle, CameraOptions } from "../../src/demo/simulator/simulator.ts"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import type { LivingRun } from "../../src/recorder/livingRuns.ts"
import { type RunRecord, readRunRecord } from "../../src/recorder/runRecord.ts"
import { cameraFiles, lookWhilePublished } from "../verify/cameraFiles.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { CoverageAnswer, StatusAnswer } from "./apiAnswers.ts"

const Row = Schema.Struct({ file_path: Schema.String, state: Schema.String, frames: Schema.Int })
const Identified = Schema.Struct({ id: Schema.Int })

/** A file is cut on the clock: at a full hour there would be one more of each camera. */
export const segmentSeconds = "86400"

/** A service over several lives with one camera for each name, whose runs it leaves behind and finds again. */
export class LeftScene {
  readonly service: VigiaService
  readonly startedAtMillis = Date.now()
  readonly #simulator: SimulatorProcess
  readonly #ids: ReadonlyMap<string, number>

  private constructor(service: VigiaService, simulator: SimulatorProcess, ids: ReadonlyMap<string, number>) {
    this.service = service
    this.#simulator = simulator
    this.#ids = ids
  }

  /** A service that records all cameras, each named by its path; it does not know the `spare` ones. */
  static async open(
    cameras: ReadonlyArray<string | CameraOptions>,
    spare: ReadonlyArray<string> = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<LeftScene> {
    const simulated = [...cameras, ...spare].map((camera) =>
      typeof camera === "string" ? { path: camera } : camera,
    )
    const simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: simulated,
    })
    const service = await VigiaService.start({
      environment: { RECORDING_SEGMENT_DURATION: segmentSeconds, ...environment },
    })
    const names = simulated.slice(0, cameras.length).map(({ path }) => path)
    await service.request("POST", "/api/owners", { name: "Left", plan: "basic" })
    const ids = new Map<string, number>()
    for (const name of names) {
      const fresh = { owner_id: 1, name, url: simulator.camera(name).url }
      const { body } = await service.request("POST", "/api/cameras", fresh)
      ids.set(name, Schema.decodeUnknownSync(Identified)(body).id)
    }
    const scene = new LeftScene(service, simulator, ids)
    // More than one fragment each: whatever happens next, there is something to keep.
    await awaitFact("all cameras have recorded", () => names.every((name) => scene.stamps(name).length > 40))
    await scene.records(...names)
    return scene
  }

  async close(): Promise<void> {
    await this.service.remove()
    await this.#simulator.stop()
  }

  id(name: string): number {
    return this.#ids.get(name) ?? 0
  }

  camera(name: string): CameraHandle {
    return this.#simulator.camera(name)
  }

  /** The processes that record a camera now. */
  runs(name: string): ReadonlyArray<LivingRun> {
    return this.service.runs().filter(({ cameraId }) => cameraId === this.id(name))
  }

  /** The only one. */
  run(name: string): LivingRun {
    const [run, ...others] = this.runs(name)
    if (run === undefined || others.length > 0) throw new Error(`${name} has ${others.length} more runs`)
    return run
  }

  record(runId: string): RunRecord | null {
    return readRunRecord(this.service.stateDirectory, runId)
  }

  recordPath(runId: string): string {
    return join(this.service.stateDirectory, "runs", `${runId}.json`)
  }

  /** Cuts a file in half. */
  static halve(path: string): void {
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.subarray(0, bytes.length / 2))
  }

  /** A second recorder of a camera, as nobody should have started it. */
  startSecond(name: string): string {
    const run = this.run(name)
    const runId = crypto.randomUUID()
    const directory = run.directory.replace(run.runId, runId)
    mkdirSync(directory)
    const target = join(directory, "%06d.mp4")
    spawn("ffmpeg", [...run.arguments.slice(0, -1), target], { detached: true, stdio: "ignore" }).unref()
    return runId
  }

  /** Every frame of a camera that is on disk, file by file. */
  stamps(name: string) {
    return lookWhilePublished(() => this.#files(name).flatMap(({ path }) => readFrameStamps(path)))
  }

  /** Numbers absent between the first and the last frame of each file. */
  lostFrames(name: string): number {
    return this.#files(name).reduce((lost, { path }) => {
      const sequences = readFrameStamps(path).map(({ sequence }) => sequence)
      return lost + Math.max(...sequences) - Math.min(...sequences) + 1 - new Set(sequences).size
    }, 0)
  }

  #files(name: string) {
    return cameraFiles(join(this.service.recordingDirectory, `cam_${this.id(name)}`))
  }

  async status(name: string): Promise<typeof StatusAnswer.Type> {
    const { body } = await this.service.request("GET", `/api/recording/status/${this.id(name)}`)
    return Schema.decodeUnknownSync(StatusAnswer)(body)
  }

  async coverage(name: string): Promise<CoverageAnswer> {
    const range = `from=${new Date(this.startedAtMillis).toISOString()}&to=${new Date().toISOString()}`
    const { body } = await this.service.request("GET", `/api/cameras/${this.id(name)}/coverage?${range}`)
    return Schema.decodeUnknownSync(CoverageAnswer)(body)
  }

  /** Lets a camera's run end and another begin; resolves when the new process is there. */
  async renew(name: string): Promise<void> {
    const earlier = this.run(name).runId
    await this.service.request("POST", "/api/recording/stop", { camera_id: this.id(name) })
    await awaitFact(`${name} has stopped`, async () => (await this.status(name)).state === "stopped")
    await this.service.request("POST", "/api/recording/start", { camera_id: this.id(name) })
    await awaitFact(`${name} has another run`, () => this.runs(name).some(({ runId }) => runId !== earlier))
  }

  records(...names: ReadonlyArray<string>): Promise<unknown> {
    return awaitFact(`${names.join(", ")} record`, async () =>
      (await Promise.all(names.map((name) => this.status(name)))).every(({ is_recording }) => is_recording),
    )
  }

  /** The rows of a camera's files; of a deleted one too. */
  async rows(name: string): Promise<ReadonlyArray<typeof Row.Type>> {
    const rows = await this.service.rows(
      `SELECT file_path, state, frames FROM recordings WHERE camera_id = ${this.id(name)} ORDER BY start_time`,
    )
    return rows.map((row) => Schema.decodeUnknownSync(Row)(row))
  }

  /**
   * Waits until every file of a camera has a row that counts the frames in it, but for the file of the run that goes on, if
   * `isRecorded`; answers how many files are settled.
   */
  async settled(name: string, isRecorded: boolean): Promise<number> {
    const settled = await awaitFact(`the files of ${name} are settled`, async () => {
      const rows = await this.rows(name)
      const closed = rows.filter(
        ({ state, file_path, frames }) =>
          state === "closed" &&
          readFrameStamps(join(this.service.recordingDirectory, file_path)).length === frames,
      )
      const growing = isRecorded ? 1 : 0
      return closed.length === rows.length - growing && rows.length === this.#files(name).length
        ? closed
        : null
    })
    return settled.length
  }
}
