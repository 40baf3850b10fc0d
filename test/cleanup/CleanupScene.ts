import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { ChangePreview } from "../../src/cleanup/ChangePreview.ts"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import { FileRemoval } from "../../src/cleanup/FileRemoval.ts"
import {
  type DeletionFileSystem,
  nodeDeletionFileSystem,
  unlinkRecordings,
} from "../../src/cleanup/unlinkRecordings.ts"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import { type Plan, retentionDays } from "../../src/domain/Plan.ts"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { DeletionStore } from "../../src/storage/DeletionStore.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { ExportSources } from "../../src/storage/ExportSources.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { Recordings } from "../../src/storage/Recordings.ts"
import { RecordingsDirectory } from "../../src/storage/RecordingsDirectory.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { makeTestDatabase } from "../support/database.ts"

/** Thrown where a test lets the service die: no code may take it for an error of the file system. */
export class Crash extends Error {}

export interface SceneOptions {
  /** Files are unlinked in a thread, as the service does, unless this is given. */
  readonly fileSystem?: DeletionFileSystem
  /** Puts something between the deletion and its rows. */
  readonly aroundStore?: (store: DeletionStore["Service"]) => DeletionStore["Service"]
}

/** What a clock says beside what it is: another time, or more time lived. */
export interface ClockOffset {
  /** Null for what the clock is. */
  readonly nowMillis: number | null
  readonly livedMillis: number
}

/** The real clock, set to another time. */
export const clockAt = (offset: () => ClockOffset) =>
  Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (real) => {
      const now = (): number => offset().nowMillis ?? real.currentTimeMillisUnsafe()
      const lived = (): bigint => real.monotonicTimeNanosUnsafe() + BigInt(offset().livedMillis) * 1_000_000n
      return {
        monotonicTimeNanosUnsafe: lived,
        monotonicTimeNanos: Effect.sync(lived),
        sleep: (duration) => real.sleep(duration),
        currentTimeMillisUnsafe: now,
        currentTimeMillis: Effect.sync(now),
        currentTimeNanosUnsafe: () => BigInt(now()) * 1_000_000n,
        currentTimeNanos: Effect.sync(() => BigInt(now()) * 1_000_000n),
      } satisfies Clock.Clock
    }),
  )

const services = (
  root: string,
  database: DatabaseSettings,
  { fileSystem, aroundStore = (store) => store }: SceneOptions,
  offset: () => ClockOffset,
  lines: Array<string>,
) => {
  const directory = join(root, "recordings")
  const removal =
    fileSystem === undefined
      ? FileRemoval.layer
      : Layer.succeed(FileRemoval, {
          unlink: (request) => Effect.sync(() => unlinkRecordings(directory, request, fileSystem)),
        })
  const store = Layer.effect(DeletionStore, Effect.map(DeletionStore, aroundStore)).pipe(
    Layer.provide(DeletionStore.layer),
  )
  return ChangePreview.layer.pipe(
    Layer.provideMerge(Cleanup.layer(retentionDays)),
    Layer.provideMerge(Deletion.layerNoDeps),
    Layer.provide([removal, store]),
    Layer.provideMerge(Layer.mergeAll(ExportSources.layer, EvictionCandidates.layer, StorageAccounts.layer)),
    Layer.provideMerge(Catalog.layer({ flushIntervalMillis: 100 })),
    Layer.provideMerge(Layer.mergeAll(Cameras.layer, Owners.layer, Recordings.layer)),
    Layer.provideMerge(RecordingsDirectory.layer({ directory, stateDirectory: join(root, "state") })),
    Layer.provideMerge(
      Layer.mergeAll(databaseLayer(database), SecretBox.layer({ stateDirectory: join(root, "state") })),
    ),
    Layer.provideMerge(
      Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))]),
    ),
    Layer.provideMerge(clockAt(offset)),
  )
}
export type SceneServices = Layer.Success<ReturnType<typeof services>>

export interface SceneRecording {
  readonly startMillis: number
  readonly endMillis: number
  readonly isProtected?: boolean
  readonly state?: "closed" | "growing" | "missing"
  /** When its row was made; at its end unless given. */
  readonly createdAtMillis?: number
  /** 100 unless given. */
  readonly sizeBytes?: number
  readonly isClip?: boolean
}

/** A recordings directory with a catalog and the services that delete; nothing records. */
export class CleanupScene {
  readonly root = mkdtempSync(join(tmpdir(), "vigia-cleanup-"))
  readonly log: Array<string> = []
  #nowMillis: number | null = null
  #livedMillis = 0
  readonly #database: Awaited<ReturnType<typeof makeTestDatabase>>
  #options: SceneOptions
  #runtime: ManagedRuntime.ManagedRuntime<SceneServices, unknown>

  private constructor(database: Awaited<ReturnType<typeof makeTestDatabase>>, options: SceneOptions) {
    this.#database = database
    this.#options = options
    this.#runtime = this.#start()
  }

  static async make(options: SceneOptions = {}): Promise<CleanupScene> {
    return new CleanupScene(await makeTestDatabase(), options)
  }

  /** The time that the services believe in; null for the real one. Setting it ahead, the services live until then. */
  get nowMillis(): number | null {
    return this.#nowMillis
  }

  set nowMillis(millis: number) {
    this.#livedMillis += Math.max(0, millis - (this.#nowMillis ?? millis))
    this.#nowMillis = millis
  }

  /** Sets the clock without any time going by. */
  stepClock(millis: number): void {
    this.#nowMillis = millis
  }

  get directory(): string {
    return join(this.root, "recordings")
  }

  run<A, E>(effect: Effect.Effect<A, E, SceneServices>): Promise<A> {
    return this.#runtime.runPromise(effect)
  }

  /** Another life of the service begins. */
  async restart(options: SceneOptions = this.#options): Promise<void> {
    await this.#runtime.dispose()
    this.#options = options
    this.#runtime = this.#start()
  }

  addOwner(plan: Plan): Promise<number> {
    return this.run(
      Effect.flatMap(Owners, (owners) => Effect.map(owners.create({ name: plan, plan }), ({ id }) => id)),
    )
  }

  /** A camera with its directory; answers its id. */
  addCamera(ownerId: number, days: number | null = null): Promise<number> {
    return this.run(
      Effect.gen(function* () {
        const camera = yield* (yield* Cameras).create({
          ownerId,
          name: "Door",
          url: Redacted.make("rtsp://127.0.0.1/door"),
          transport: "tcp",
          recordingEnabled: false,
          retentionDays: days,
        })
        const owner = yield* (yield* Owners).get(ownerId)
        yield* (yield* RecordingsDirectory).prepareCamera(camera, owner)
        return camera.id
      }),
    )
  }

  /** A file with its index and its row; answers its path in the directory. */
  async record(cameraId: number, recording: SceneRecording): Promise<string> {
    const { startMillis, endMillis, isProtected = false, isClip = false, state = "closed" } = recording
    const { sizeBytes = 100 } = recording
    const filePath = segmentPath(cameraId, startMillis)
    const path = join(this.directory, filePath)
    mkdirSync(dirname(path), { recursive: true })
    if (state !== "missing") {
      writeFileSync(path, Buffer.alloc(sizeBytes))
      writeFileSync(path.replace(/mp4$/, "idx"), "index")
    }
    await this.sql(
      (sql) => sql`
        INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id,
          segment_number, state, frames, missing_frames, fragments, video_codec, audio, is_protected, is_clip, created_at)
        VALUES (${cameraId}, ${new Date(startMillis)}, ${new Date(endMillis)}, ${filePath}, ${sizeBytes},
          ${(endMillis - startMillis) / 1000}, 'run', 0, ${state}, 25, 0, 1, 'avc1', 'none', ${isProtected}, ${isClip},
          ${new Date(recording.createdAtMillis ?? endMillis)})`,
    )
    return filePath
  }

  sql<Row extends object>(
    statement: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<Row>, unknown>,
  ): Promise<ReadonlyArray<Row>> {
    return this.run(Effect.flatMap(SqlClient.SqlClient, statement))
  }

  clean(): Promise<boolean> {
    return this.run(Effect.flatMap(Cleanup, (cleanup) => cleanup.run("asked")))
  }

  /** Paths of all rows; one that is marked has a star. */
  async rows(): Promise<ReadonlyArray<string>> {
    const rows = await this.sql<{ name: string }>(
      (sql) => sql`SELECT file_path AS name FROM recordings
        UNION ALL SELECT file_path || '*' FROM deletions ORDER BY 1`,
    )
    return rows.map(({ name }) => name)
  }

  gaps(): Promise<ReadonlyArray<{ cameraId: number; detail: string; fromMillis: number; toMillis: number }>> {
    return this.sql(
      (
        sql,
      ) => sql`SELECT camera_id, detail, round(extract(epoch FROM start_time) * 1000)::float8 AS from_millis,
        round(extract(epoch FROM end_time) * 1000)::float8 AS to_millis
        FROM gaps WHERE cause = 'deleted' ORDER BY camera_id, start_time`,
    )
  }

  /** Paths of all recordings on disk. */
  files(suffix = ".mp4"): ReadonlyArray<string> {
    return readdirSync(this.directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(suffix))
      .toSorted()
  }

  /** Takes a recording off the disk, with its index. */
  discard(filePath: string): void {
    rmSync(join(this.directory, filePath))
    rmSync(join(this.directory, filePath.replace(/mp4$/, "idx")), { force: true })
  }

  has(filePath: string): boolean {
    return existsSync(join(this.directory, filePath))
  }

  async remove(): Promise<void> {
    await this.#runtime.dispose()
    await this.#database.dispose()
    rmSync(this.root, { recursive: true, force: true })
  }

  #start(): ManagedRuntime.ManagedRuntime<SceneServices, unknown> {
    return ManagedRuntime.make(
      services(
        this.root,
        this.#database.settings,
        this.#options,
        () => ({ nowMillis: this.#nowMillis, livedMillis: this.#livedMillis }),
        this.log,
      ),
    )
  }
}

/** The calls that unlink and remove, each of which may be refused or be the last. */
export const fileSystemWith = (
  before: (call: "unlink" | "rmdir", path: string) => void,
): DeletionFileSystem => ({
  ...nodeDeletionFileSystem,
  unlink: (path) => {
    before("unlink", path)
    nodeDeletionFileSystem.unlink(path)
  },
  rmdir: (path) => {
    before("rmdir", path)
    nodeDeletionFileSystem.rmdir(path)
  },
})
