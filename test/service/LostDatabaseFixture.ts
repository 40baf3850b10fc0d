import { globSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Schema from "effect/Schema"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase, readRows } from "../support/database.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { StatusAnswer } from "./apiAnswers.ts"

const clipDirectory = fileURLToPath(new URL("../.cache/clips", import.meta.url))
const Identified = Schema.Struct({ id: Schema.Int })
const Listed = Schema.Struct({
  cameras: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)),
})
const Written = Schema.fromJsonString(Schema.Struct({ camera_id: Schema.Int, identity: Schema.String }))

const recordingRows = `SELECT camera_id, start_time, end_time, file_path, file_size, duration, is_clip, run_id,
  segment_number, state, frames, missing_frames, fragments, video_codec, audio FROM recordings ORDER BY file_path`
const Recording = Schema.Struct({ file_path: Schema.String })
const passing = new Set(["state", "video_codec", "audio_codec"])

type TestDatabase = Awaited<ReturnType<typeof makeTestDatabase>>

/** What the API and the directories tell of owners and cameras. */
export interface Inventory {
  readonly owners: unknown
  /** Without what changes by itself: the state, and the codecs, which a probe tells. */
  readonly cameras: ReadonlyArray<unknown>
  readonly identities: ReadonlyArray<string>
}

/**
 * Owners of different plans: cameras 1 and 2 of the first two are recorded, 3 was switched off. The third has none
 * but camera 4, which was removed, and another plan since.
 *
 * Losing the database means that the next life of the service finds another one, without any table.
 */
export class LostDatabaseFixture {
  readonly service: VigiaService
  readonly #simulator: SimulatorProcess
  readonly #databases: Array<TestDatabase> = []
  /** Of Vigia's own server when null. */
  #database: TestDatabase | null = null

  private constructor(service: VigiaService, simulator: SimulatorProcess) {
    this.service = service
    this.#simulator = simulator
  }

  static async start(
    options: { readonly directory?: string; readonly embedded?: boolean } = {},
  ): Promise<LostDatabaseFixture> {
    const simulator = await SimulatorProcess.start({
      clipDirectory,
      cameras: [1, 2, 3, 4, 5].map((number) => ({ path: `lost${number}` })),
    })
    const service = await VigiaService.make({
      ...(options.directory === undefined ? {} : { directory: options.directory }),
      environment: {
        RECORDING_SEGMENT_DURATION: "4",
        ...(options.embedded === true ? { POSTGRES_HOST: "" } : {}),
      },
    })
    const fixture = new LostDatabaseFixture(service, simulator)
    if (options.embedded !== true) await fixture.loseDatabase()
    await fixture.life()
    await fixture.#furnish()
    return fixture
  }

  async #furnish(): Promise<void> {
    const { service } = this
    await service.request("POST", "/api/owners", { name: "Ana", plan: "pro" })
    await service.request("POST", "/api/owners", { name: "Bea", plan: "premium" })
    await service.request("POST", "/api/owners", { name: "Cleo", plan: "basic" })
    for (const ownerId of [1, 2, 1, 3]) await this.addCamera(ownerId)
    await this.allRecord([1, 2, 3, 4])
    await service.request("POST", "/api/recording/stop", { camera_id: 3 })
    await service.request("DELETE", "/api/cameras/4")
    await service.request("PATCH", "/api/owners/3", { plan: "premium" })
    await awaitFact("two cameras are recorded", () => service.runs().length === 2)
    mkdirSync(join(service.recordingDirectory, "cam_70"))
  }

  #cameras = 0
  /** Resolves with the id that the service gave. */
  async addCamera(ownerId: number): Promise<number> {
    this.#cameras += 1
    const { url } = this.#simulator.camera(`lost${this.#cameras}`)
    const camera = { owner_id: ownerId, name: `camera ${this.#cameras}`, url }
    const { body } = await this.service.request("POST", "/api/cameras", camera)
    return Schema.decodeUnknownSync(Identified)(body).id
  }

  async loseDatabase(): Promise<void> {
    this.#database = await makeTestDatabase()
    this.#databases.push(this.#database)
  }

  get #environment(): Readonly<Record<string, string>> {
    return this.#database === null ? {} : { POSTGRES_DB: this.#database.settings.database }
  }

  /** Starts a life on the present database. */
  life(): Promise<void> {
    return this.service.start({ environment: this.#environment })
  }

  /** Starts a life that is killed as soon as its log says something. */
  async lifeKilledAt(words: string): Promise<void> {
    this.service.spawn({ environment: this.#environment })
    await awaitFact(words, () => this.service.log.includes(words) || !this.service.alive)
    await this.service.end("SIGKILL")
  }

  async allRecord(cameraIds: ReadonlyArray<number>): Promise<void> {
    await awaitFact("the cameras record", async () => {
      const answers = await Promise.all(
        cameraIds.map((id) => this.service.request("GET", `/api/recording/status/${id}`)),
      )
      return answers.every(({ body }) => Schema.decodeUnknownSync(StatusAnswer)(body).is_recording)
    })
  }

  async inventory(): Promise<Inventory> {
    const { body } = await this.service.request("GET", "/api/cameras")
    const { cameras } = Schema.decodeUnknownSync(Listed)(body)
    return {
      owners: (await this.service.request("GET", "/api/owners")).body,
      cameras: cameras.map((camera) =>
        Object.fromEntries(Object.entries(camera).filter(([field]) => !passing.has(field))),
      ),
      identities: this.identities(),
    }
  }

  /** Of all directories, as `id identity`. */
  identities(): ReadonlyArray<string> {
    return globSync(`${this.service.recordingDirectory}/cam_*/.camera`)
      .map((path) => Schema.decodeSync(Written)(readFileSync(path, "utf8")))
      .map((file) => `${file.camera_id} ${file.identity}`)
      .toSorted()
  }

  files(): ReadonlyArray<string> {
    const { recordingDirectory } = this.service
    return globSync("cam_*/*/*.mp4", { cwd: recordingDirectory }).toSorted()
  }

  /** All rows of recordings, without their ids and when they were made. */
  async recordings(): Promise<ReadonlyArray<{ readonly path: string; readonly row: unknown }>> {
    if (this.#database === null) return []
    const rows = await readRows(this.#database.settings, recordingRows)
    return rows.map((row) => ({ path: Schema.decodeUnknownSync(Recording)(row).file_path, row }))
  }

  async stop(): Promise<void> {
    await this.service.remove()
    await this.#simulator.stop()
    for (const database of this.#databases) await database.dispose()
  }
}
