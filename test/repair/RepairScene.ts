import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import { ClipFaults } from "../../src/repair/ClipFaults.ts"
import { Repair } from "../../src/repair/Repair.ts"
import type { RepairKind, RepairReport } from "../../src/repair/RepairReport.ts"
import type { Owner } from "../../src/domain/Owner.ts"
import { Cameras, type StoredCamera } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { Clips } from "../../src/storage/Clips.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { RecordingsDirectory } from "../../src/storage/RecordingsDirectory.ts"
import { RepairStore } from "../../src/storage/RepairStore.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import type { SharedServer } from "../support/postgresServer.ts"
import { makeTestDatabase } from "../support/database.ts"

const hourMillis = 3_600_000

export interface SceneOptions {
  readonly databaseServer?: SharedServer
  /** Between two passes of the background; an hour unless given. */
  readonly intervalMillis?: number
  /** Puts something between the repair and its database. */
  readonly aroundStore?: (store: RepairStore["Service"]) => RepairStore["Service"]
}

const services = (
  root: string,
  database: DatabaseSettings,
  { intervalMillis = hourMillis, aroundStore = (store) => store }: SceneOptions,
  lines: Array<string>,
) => {
  const store = Layer.effect(RepairStore, Effect.map(RepairStore, aroundStore)).pipe(
    Layer.provide(RepairStore.layer),
  )
  return Repair.layerNoDeps({ intervalMillis }).pipe(
    Layer.provide(store),
    Layer.provideMerge(ClipFaults.layer),
    Layer.provideMerge(Catalog.layer({ flushIntervalMillis: 100 })),
    Layer.provideMerge(Layer.mergeAll(Cameras.layer, Clips.layer, Owners.layer, Recordings.layer)),
    Layer.provideMerge(
      RecordingsDirectory.layer({ directory: join(root, "recordings"), stateDirectory: join(root, "state") }),
    ),
    Layer.provideMerge(
      Layer.mergeAll(databaseLayer(database), SecretBox.layer({ stateDirectory: join(root, "state") })),
    ),
    Layer.provideMerge(
      Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))]),
    ),
  )
}
export type SceneServices = Layer.Success<ReturnType<typeof services>>

/** A recordings directory with a catalog, and a repair between them; nothing records. */
export class RepairScene {
  readonly root: string
  /** What was logged, as `Level message`. */
  readonly log: Array<string> = []
  readonly #database: Awaited<ReturnType<typeof makeTestDatabase>>
  readonly #options: SceneOptions
  #runtime: ManagedRuntime.ManagedRuntime<SceneServices, unknown>

  private constructor(database: Awaited<ReturnType<typeof makeTestDatabase>>, options: SceneOptions) {
    this.root = mkdtempSync(join(tmpdir(), "vigia-repair-"))
    this.#database = database
    this.#options = options
    this.#runtime = this.#start()
  }

  static async make(options: SceneOptions = {}): Promise<RepairScene> {
    return new RepairScene(await makeTestDatabase(options.databaseServer), options)
  }

  get directory(): string {
    return join(this.root, "recordings")
  }

  run<A, E>(effect: Effect.Effect<A, E, SceneServices>): Promise<A> {
    return this.#runtime.runPromise(effect)
  }

  /** Another life of the service begins, in which nothing is remembered. */
  async restart(): Promise<void> {
    await this.#runtime.dispose()
    this.#runtime = this.#start()
  }

  /** A camera that is stored, but has no directory yet. */
  addCameraRow(): Promise<{ readonly camera: StoredCamera; readonly owner: Owner }> {
    return this.run(
      Effect.gen(function* () {
        const owner = yield* (yield* Owners).create({ name: "Ana", plan: "premium" })
        const camera = yield* (yield* Cameras).create({
          ownerId: owner.id,
          name: "Door",
          url: Redacted.make("rtsp://127.0.0.1/door"),
          transport: "tcp",
          recordingEnabled: true,
        })
        return { camera, owner }
      }),
    )
  }

  /** A camera with its directory; answers its id. */
  async addCamera(): Promise<number> {
    const { camera, owner } = await this.addCameraRow()
    await this.run(Effect.flatMap(RecordingsDirectory, (directory) => directory.prepareCamera(camera, owner)))
    return camera.id
  }

  pass(kind: RepairKind = "full"): Promise<RepairReport> {
    return this.run(Effect.flatMap(Repair, (repair) => repair.run(kind)))
  }

  /** A pass that finds just as many new files, and nothing else: how a test begins. */
  async adopt(files: number): Promise<RepairReport> {
    const report = await this.pass()
    if (report.adopted !== files || !report.isComplete)
      throw new Error(`unexpected: ${JSON.stringify(report)}`)
    return report
  }

  sql<Row extends object>(
    statement: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<Row>, unknown>,
  ): Promise<ReadonlyArray<Row>> {
    return this.run(Effect.flatMap(SqlClient.SqlClient, statement))
  }

  /** All that the catalog says of files, but for what the database numbers by itself. */
  async catalog() {
    const recordings = await this.sql<CatalogRow>(
      (sql) => sql`SELECT file_path, camera_id, state, file_size, duration, fragments, frames, run_id,
        round(extract(epoch FROM start_time) * 1000)::float8 AS start_millis,
        round(extract(epoch FROM end_time) * 1000)::float8 AS end_millis FROM recordings ORDER BY file_path`,
    )
    const gaps = await this.sql<CatalogGap>(
      (
        sql,
      ) => sql`SELECT identity, cause, round(extract(epoch FROM start_time) * 1000)::float8 AS start_millis,
        round(extract(epoch FROM end_time) * 1000)::float8 AS end_millis FROM gaps ORDER BY identity`,
    )
    return { recordings, gaps }
  }

  /** Every name on disk with what a repair could have changed of it. */
  listing(): ReadonlyArray<string> {
    const names = readdirSync(this.directory, { recursive: true, encoding: "utf8" })
    return names
      .map((name) => {
        const { ino, size, mtimeNs, mode } = lstatSync(join(this.directory, name), { bigint: true })
        return [name, ino, size, mtimeNs, mode].join(" ")
      })
      .toSorted()
  }

  async remove(): Promise<void> {
    await this.#runtime.dispose()
    await this.#database.dispose()
    rmSync(this.root, { recursive: true, force: true })
  }

  #start(): ManagedRuntime.ManagedRuntime<SceneServices, unknown> {
    return ManagedRuntime.make(services(this.root, this.#database.settings, this.#options, this.log))
  }
}

export interface CatalogRow {
  readonly filePath: string
  readonly cameraId: number
  readonly state: string
  readonly fileSize: bigint
  readonly duration: number
  readonly fragments: number
  readonly frames: bigint
  readonly runId: string
  readonly startMillis: number
  readonly endMillis: number
}

export interface CatalogGap {
  readonly identity: string
  readonly cause: string
  readonly startMillis: number
  readonly endMillis: number | null
}
