import { fileURLToPath } from "node:url"
import * as Schema from "effect/Schema"
import type { CameraHandle, CameraOptions } from "../../src/demo/simulator/simulator.ts"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { SharedServer } from "../support/postgresServer.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { StatusAnswer } from "./apiAnswers.ts"

const clipDirectory = fileURLToPath(new URL("../.cache/clips", import.meta.url))
const Identified = Schema.Struct({ id: Schema.Int })

/** One service and as many simulated cameras as a test file needs. */
export class RecordingFixture {
  readonly service: VigiaService
  readonly ownerId: number
  readonly #simulator: SimulatorProcess
  #simulated = 0

  private constructor(service: VigiaService, simulator: SimulatorProcess, ownerId: number) {
    this.service = service
    this.#simulator = simulator
    this.ownerId = ownerId
  }

  static async start(
    environment: Readonly<Record<string, string>> = {},
    databaseServer?: SharedServer,
  ): Promise<RecordingFixture> {
    const simulator = await SimulatorProcess.start({ clipDirectory, cameras: [] })
    const service = await VigiaService.start({
      environment,
      ...(databaseServer === undefined ? {} : { databaseServer }),
    })
    const { body } = await service.request("POST", "/api/owners", { name: "tests", plan: "pro" })
    return new RecordingFixture(service, simulator, Schema.decodeUnknownSync(Identified)(body).id)
  }

  /** A simulated camera that the service does not know yet. */
  simulate(options: Omit<CameraOptions, "path"> = {}): Promise<CameraHandle> {
    this.#simulated += 1
    return this.#simulator.addCamera({ ...options, path: `camera${this.#simulated}` })
  }

  /** Tells the service of a camera; resolves with its id. */
  async add(url: string): Promise<number> {
    const { body } = await this.service.request("POST", "/api/cameras", {
      owner_id: this.ownerId,
      name: "camera",
      url,
    })
    return Schema.decodeUnknownSync(Identified)(body).id
  }

  /** A new camera that records. */
  async addRecording(): Promise<number> {
    const id = await this.add((await this.simulate()).url)
    await this.records(id)
    return id
  }

  async status(id: number): Promise<typeof StatusAnswer.Type> {
    const { body } = await this.service.request("GET", `/api/recording/status/${id}`)
    return Schema.decodeUnknownSync(StatusAnswer)(body)
  }

  records(id: number): Promise<unknown> {
    return awaitFact(`camera ${id} records`, async () => (await this.status(id)).is_recording)
  }

  async stop(): Promise<void> {
    await this.service.remove()
    await this.#simulator.stop()
  }
}
