import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import type { DatabaseSettings } from "../../../src/config/Settings.ts"
import type { Plan } from "../../../src/domain/Plan.ts"
import { Cameras } from "../../../src/storage/Cameras.ts"
import { databaseLayer } from "../../../src/storage/Database.ts"
import { Owners } from "../../../src/storage/Owners.ts"
import { cameraRebuild } from "../../../src/storage/rebuild/cameraRebuild.ts"
import { protectionRebuild } from "../../../src/storage/rebuild/protectionRebuild.ts"
import { RecordingProtection } from "../../../src/storage/RecordingProtection.ts"
import { Recordings } from "../../../src/storage/Recordings.ts"
import { RecordingsDirectory } from "../../../src/storage/RecordingsDirectory.ts"
import { SecretBox } from "../../../src/storage/SecretBox.ts"
import { makeTestDatabase } from "../../support/database.ts"

/** The storage of a service, up to where the catalog begins. */
const storage = (database: DatabaseSettings, root: string, lines: Array<string>) =>
  protectionRebuild.pipe(
    Layer.provideMerge(cameraRebuild),
    Layer.provideMerge(
      Layer.mergeAll(Cameras.layer, Owners.layer, Recordings.layer, RecordingProtection.layer),
    ),
    Layer.provideMerge(
      RecordingsDirectory.layer({
        directory: join(root, "recordings"),
        stateDirectory: join(root, "state"),
      }),
    ),
    Layer.provideMerge(
      Layer.mergeAll(databaseLayer(database), SecretBox.layer({ stateDirectory: join(root, "state") })),
    ),
    Layer.provide(
      Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))]),
    ),
  )
type Services = Layer.Success<ReturnType<typeof storage>>

/** Everything that a rebuild writes. */
const rows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    owners:
      yield* sql`SELECT id, name, plan, quota_bytes, date_trunc('milliseconds', created_at) AS created_at,
      date_trunc('milliseconds', deleted_at) AS deleted_at FROM owners ORDER BY id`,
    cameras: yield* sql`SELECT id, identity, owner_id, name, url, transport, recording_enabled, video_codec,
      audio_codec, retention_days, quota_bytes, date_trunc('milliseconds', created_at) AS created_at,
      date_trunc('milliseconds', deleted_at) AS deleted_at FROM cameras ORDER BY id`,
    periods: yield* sql`SELECT * FROM enabled_periods ORDER BY camera_id, start_time`,
    service: yield* sql`SELECT last_seen_at FROM service_state`,
  }
})

/** A recordings directory, and databases that come and go. */
export class RebuildScene {
  readonly root = mkdtempSync(join(tmpdir(), "vigia-rebuild-"))
  /** What the last life logged, as `Level message`. */
  log: ReadonlyArray<string> = []
  #database: Awaited<ReturnType<typeof makeTestDatabase>>

  private constructor(database: Awaited<ReturnType<typeof makeTestDatabase>>) {
    this.#database = database
  }

  static async make(): Promise<RebuildScene> {
    return new RebuildScene(await makeTestDatabase())
  }

  get database(): DatabaseSettings {
    return this.#database.settings
  }

  /** A life of the service: it starts, which rebuilds, does something, and ends. */
  async life<A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> {
    const lines: Array<string> = []
    const runtime = ManagedRuntime.make(storage(this.database, this.root, lines))
    try {
      return await runtime.runPromise(effect)
    } finally {
      await runtime.dispose()
      this.log = lines
    }
  }

  /** Looks at the database without being a service: only the tables are made. */
  besides<A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>): Promise<A> {
    return Effect.runPromise(Effect.provide(effect, databaseLayer(this.database)))
  }

  /** The rows as a life finds them after its rebuild. */
  rows(): Promise<Effect.Success<typeof rows>> {
    return this.life(rows)
  }

  /** Another database, which knows nothing, takes the place of the one there was. */
  async loseDatabase(): Promise<void> {
    await this.#database.dispose()
    this.#database = await makeTestDatabase()
  }

  path(name: string): string {
    return join(this.root, "recordings", name)
  }

  cameraText(id: number): string {
    return readFileSync(this.path(`cam_${id}/.camera`), "utf8")
  }

  /** A file in the recordings directory, with the time at which it was written last. */
  write(name: string, text: string, endedAtMillis: number): void {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    utimesSync(path, endedAtMillis / 1000, endedAtMillis / 1000)
  }

  async remove(): Promise<void> {
    await this.#database.dispose()
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** A new camera with its directory, as the service makes them. */
export const addCamera = Effect.fn("addCamera")(function* (ownerId: number, name: string) {
  const camera = yield* (yield* Cameras).create({
    ownerId,
    name,
    url: Redacted.make(`rtsp://user:s3cret@10.0.0.5:554/${name}?token=t0ken`),
    transport: "udp",
    recordingEnabled: true,
  })
  yield* (yield* RecordingsDirectory).prepareCamera(camera, yield* (yield* Owners).get(ownerId))
  return camera
})

export const addOwner = (name: string, plan: Plan) =>
  Effect.flatMap(Owners, (owners) => owners.create({ name, plan }))

/** Brings the `.camera` files of all living cameras up to date, as each start of the service does. */
export const rememberAll = Effect.gen(function* () {
  const directory = yield* RecordingsDirectory
  const owners = yield* Owners
  for (const camera of yield* (yield* Cameras).list) {
    yield* directory.prepareCamera(camera, yield* owners.get(camera.ownerId))
  }
})
