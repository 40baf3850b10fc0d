import { execFileSync, spawnSync } from "node:child_process"
import { appendFileSync, existsSync, mkdirSync, rmSync, statfsSync, statSync, truncateSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Schema from "effect/Schema"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { CoverageAnswer, StatusAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

const mebibyte = 2 ** 20
export const reserveBytes = 3 * mebibyte
export const cameras = [1, 2, 3, 4, 5]

const Row = Schema.Struct({
  id: Schema.Int,
  camera_id: Schema.Int,
  file_path: Schema.String,
  file_size: Schema.Int,
})
export type Row = typeof Row.Type
const Rows = Schema.Array(Row)

const StorageAnswer = Schema.Struct({
  disk: Schema.Struct({
    total_bytes: Schema.Int,
    free_bytes: Schema.Int,
    reserve_bytes: Schema.Int,
    state: Schema.String,
    recording_stopped: Schema.Boolean,
  }),
  owners: Schema.Array(
    Schema.Struct({
      bytes: Schema.Int,
      recordings: Schema.Int,
      quota_bytes: Schema.NullOr(Schema.Int),
      cameras: Schema.Array(Schema.Struct({ id: Schema.Int, bytes: Schema.Int })),
    }),
  ),
})

const AlertsAnswer = Schema.Struct({
  alerts: Schema.Array(
    Schema.Struct({
      kind: Schema.String,
      severity: Schema.String,
      detail: Schema.String,
      ended_at: Schema.NullOr(Schema.String),
    }),
  ),
})

/** A service that records five cameras on a small file system in memory, which another writer fills. */
export class FilledDisk {
  readonly service: VigiaService
  readonly #simulator: SimulatorProcess
  readonly #startedAtMillis = Date.now()

  private constructor(service: VigiaService, simulator: SimulatorProcess) {
    this.service = service
    this.#simulator = simulator
  }

  /** All cameras record; Ana has the first, Ben the others. */
  static async start(): Promise<FilledDisk> {
    const simulator = await SimulatorProcess.start({
      clipDirectory: resolve("test/.cache/clips"),
      cameras: cameras.map((id) => ({ path: `camera${id}` })),
    })
    const service = await VigiaService.make({
      environment: {
        RECORDING_SEGMENT_DURATION: "2",
        // Whoever waited for the backoff would come too late for this test.
        RECORDING_RETRY_INITIAL: "3600",
        RECORDING_RETRY_MAX: "3600",
        RECORDING_DISK_CRITICAL: "100",
        RECORDING_DISK_RESERVE: `${reserveBytes / mebibyte}M`,
        NODE_OPTIONS: `--import=${resolve("test/cleanup/hastyDiskAlert.ts")}`,
      },
    })
    mkdirSync(service.recordingDirectory, { recursive: true })
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "vigia-test", service.recordingDirectory])
    const disk = new FilledDisk(service, simulator)
    await service.start()
    for (const name of ["Ana", "Ben"]) await service.request("POST", "/api/owners", { name, plan: "basic" })
    for (const id of cameras) {
      const owner_id = id === 1 ? 1 : 2
      const url = simulator.camera(`camera${id}`).url
      await service.request("POST", "/api/cameras", { owner_id, name: `camera ${id}`, url })
    }
    await awaitFact("all cameras record", () => disk.allRecord())
    return disk
  }

  async remove(): Promise<void> {
    await this.service.end()
    execFileSync("umount", [this.service.recordingDirectory])
    await this.service.remove()
    await this.#simulator.stop()
  }

  async get<S extends Schema.ConstraintDecoder<unknown>>(schema: S, path: string): Promise<S["Type"]> {
    return Schema.decodeUnknownSync(schema)((await this.service.request("GET", path)).body)
  }

  status(id: number) {
    return this.get(StatusAnswer, `/api/recording/status/${id}`)
  }

  statuses() {
    return Promise.all(cameras.map((id) => this.status(id)))
  }

  async allRecord(): Promise<boolean> {
    return (await this.statuses()).every((one) => one.is_recording)
  }

  storage() {
    return this.get(StorageAnswer, "/api/storage")
  }

  /** Alerts of the full disk, those that ended too. */
  async criticalAlerts() {
    return (await this.get(AlertsAnswer, "/api/alerts?state=all&kind=disk_critical")).alerts
  }

  async rows(query: string): Promise<ReadonlyArray<Row>> {
    return Schema.decodeUnknownSync(Rows)(await this.service.rows(query))
  }

  /** In the order in which they go. */
  closed(): Promise<ReadonlyArray<Row>> {
    return this.rows(
      "SELECT id, camera_id, file_path, file_size FROM recordings WHERE state = 'closed' ORDER BY end_time, id",
    )
  }

  /** Protects all that is there, or is being written; answers it. */
  protectAll(): Promise<ReadonlyArray<Row>> {
    return this.rows(
      "UPDATE recordings SET is_protected = true RETURNING id, camera_id, file_path, file_size",
    )
  }

  pathOf(filePath: string): string {
    return join(this.service.recordingDirectory, filePath)
  }

  has(filePath: string): boolean {
    return existsSync(this.pathOf(filePath))
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.service.recordingDirectory)
    return bavail * bsize
  }

  /** Another writer takes all but so much of the disk. */
  fillUpTo(leftBytes: number): void {
    const size = this.freeBytes() - leftBytes
    if (size > 0) appendFileSync(this.#filler, Buffer.alloc(size))
  }

  /** Another writer takes what there is; answers what he is told at the end. */
  fillToTheBrim(): string {
    const fill = ["-c", 'LC_ALL=C cat /dev/zero >> "$1"', "fill", this.#filler]
    return spawnSync("sh", fill, { encoding: "utf8" }).stderr
  }

  /** The other writer gives so much back. */
  giveBack(bytes: number): void {
    truncateSync(this.#filler, statSync(this.#filler).size - bytes)
  }

  giveAllBack(): void {
    rmSync(this.#filler)
  }

  /** Of all the time until now. */
  coverageOf(id: number): Promise<CoverageAnswer> {
    const range = `from=${new Date(this.#startedAtMillis).toISOString()}&to=${new Date().toISOString()}`
    return this.get(CoverageAnswer, `/api/cameras/${id}/coverage?${range}`)
  }

  get #filler(): string {
    return join(this.service.recordingDirectory, "filler")
  }
}
