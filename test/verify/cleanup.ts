import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import { SqlClient } from "effect/sql/SqlClient"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import type { VigiaService } from "../support/VigiaService.ts"
import { cameraFiles } from "./cameraFiles.ts"
import { frameAccount } from "./frameAccount.ts"
import { LoopDisk } from "./LoopDisk.ts"
import { residentBytes } from "./processCost.ts"
import { recordAll } from "./recordAll.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { greatest, rounded, type Verdict } from "./verdict.ts"
import { insertRows, writeFiles } from "./yearOfFiles.ts"

export interface CleanupOptions extends TrialGround {
  readonly seed: number
  /** Cameras that record meanwhile. */
  readonly recording: number
  /** Expired files: of as many cameras, days and hours of a day. */
  readonly cameras: number
  readonly days: number
  readonly hours: number
  /**
   * Whether the files lie on an ext4 file system in memory, which needs root: on a shared disk, what the disk does for
   * others decides how long either takes.
   */
  readonly onLoopDisk: boolean
  /** What a pass may take beside: to start its thread, which does not depend on the number of files. */
  readonly startSeconds: number
  /** For how long the event loop may be blocked at most. */
  readonly mostBlockedMillis: number
}

const leastRate = 0.5
/** Room for the files and their inodes; what is not written takes none. */
const diskBytes = 6e9
const mostGrowthBytes = 64_000_000

const Created = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))
const State = Schema.decodeUnknownSync(
  Schema.Struct({
    running: Schema.NullOr(Schema.Struct({ files: Schema.Int })),
    passes: Schema.Array(
      Schema.Struct({
        started_at: Schema.String,
        ended_at: Schema.NullOr(Schema.String),
        complete: Schema.Boolean,
        files: Schema.Int,
        errors: Schema.Int,
      }),
    ),
  }),
)

/** Both begin with files that are on the medium. */
const sync = (directory: string): Buffer => execFileSync("sync", ["-f", directory])

/** How long `find | xargs rm` takes for the same files elsewhere on the same disk. */
const removeSeconds = (options: CleanupOptions, beside: string): number => {
  const directory = mkdtempSync(join(beside, "..", "removed-"))
  try {
    const cameraIds = Array.from({ length: options.cameras }, (_, at) => at + 1)
    writeFiles(directory, { ...options, cameraIds })
    sync(directory)
    const startedAt = performance.now()
    execFileSync("sh", ["-c", 'find "$1" -name "*.mp4" -print0 | xargs -0 rm', "sh", directory])
    return (performance.now() - startedAt) / 1000
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const mountedDisk = (): LoopDisk => {
  const base = mkdtempSync("/dev/shm/vigia-cleanup-")
  return LoopDisk.mount(join(base, "image"), join(base, "disk"), diskBytes)
}

const resetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5")
const peakBytes = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024

const blockedMillis = (probePath: string, fromMillis: number, toMillis: number): ReadonlyArray<number> =>
  readFileSync(probePath, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number))
    .filter(([at = 0]) => at >= fromMillis && at <= toMillis)
    .map(([, millis = Number.NaN]) => millis)

const lastPass = (service: VigiaService) =>
  awaitFact(
    "the pass has ended",
    async () => {
      const { running, passes } = State((await service.request("GET", "/api/cleanup")).body)
      const [pass] = passes
      return running === null && pass !== undefined && pass.ended_at !== null ? pass : null
    },
    600_000,
  )

/** Expired files against `xargs rm`, while cameras record. */
export const measureCleanup = async (options: CleanupOptions): Promise<ReadonlyArray<Verdict>> => {
  const database = await makeTestDatabase(options.databaseServer)
  const { host, port, user: username, password } = database.settings
  const client = ManagedRuntime.make(
    PgClient.layer({ host, port, username, password, database: database.settings.database }),
  )
  const probeDirectory = mkdtempSync(join(tmpdir(), "vigia-probe-"))
  const probePath = join(probeDirectory, "blocked")
  const disk = options.onLoopDisk ? mountedDisk() : null
  const paths = Array.from({ length: options.recording }, (_, at) => ({ path: `camera${at}` }))
  const environment = {
    POSTGRES_DB: database.settings.database,
    EVENT_LOOP_PROBE: probePath,
    // As `npm start` does.
    NODE_OPTIONS: `--max-semi-space-size=4 --import=${resolve("test/verify/eventLoopProbe.ts")}`,
  }
  try {
    const place = disk === null ? {} : { directory: join(disk.directory, "service") }
    return await Trial.run(
      { ...options, ...place, environment, cameras: paths },
      async ({ service, simulator }) => {
        const recordingIds = await recordAll(
          service,
          paths.map(({ path }) => simulator.camera(path).url),
        )
        const owner = await service.request("POST", "/api/owners", { name: "old", plan: "premium" })
        const cameraIds: Array<number> = []
        for (let camera = 0; camera < options.cameras; camera++) {
          const fresh = {
            owner_id: Created(owner.body).id,
            name: `old ${camera}`,
            url: "rtsp://127.0.0.1:9/",
            recording_enabled: false,
          }
          cameraIds.push(Created((await service.request("POST", "/api/cameras", fresh)).body).id)
        }
        const year = { cameraIds, days: options.days, hours: options.hours }
        const files = writeFiles(service.recordingDirectory, year)
        await client.runPromise(
          Effect.gen(function* () {
            const sql = yield* SqlClient
            yield* insertRows(sql, year)
            // Files of an hour touch, as those of a camera that records on and on.
            yield* sql`UPDATE recordings SET end_time = start_time + interval '1 hour'`
            yield* sql`VACUUM ANALYZE recordings`
          }),
        )
        const rmSeconds = removeSeconds(options, service.recordingDirectory)
        sync(service.recordingDirectory)

        const restingBytes = residentBytes(service.pid)
        resetPeak(service.pid)
        await service.request("POST", "/api/cleanup")
        const pass = await lastPass(service)
        const growthBytes = peakBytes(service.pid) - restingBytes
        const [fromMillis, toMillis] = [Date.parse(pass.started_at), Date.parse(pass.ended_at ?? "")]
        const passSeconds = (toMillis - fromMillis) / 1000
        const blocked = blockedMillis(probePath, fromMillis, toMillis + 200)
        const left = cameraIds.flatMap((id) => cameraFiles(join(service.recordingDirectory, `cam_${id}`)))
        for (const id of recordingIds)
          await service.request("POST", "/api/recording/stop/", { camera_id: id })
        await awaitFact("all runs have ended", () => service.runs().length === 0)
        const accounts = recordingIds.map((id) => frameAccount(join(service.recordingDirectory, `cam_${id}`)))
        return [
          {
            name: "cleanup.rate",
            figures: {
              files,
              pass_seconds: rounded(passSeconds),
              files_per_second: Math.round(files / passSeconds),
              rm_seconds: rounded(rmSeconds),
              rm_files_per_second: Math.round(files / rmSeconds),
              ratio: rounded(rmSeconds / passSeconds, 2),
            },
            target: `every expired file goes, at at least ${leastRate} times the rate of xargs rm${options.startSeconds === 0 ? "" : `, but for ${options.startSeconds} s to start`}`,
            met:
              pass.complete &&
              pass.errors === 0 &&
              pass.files === files &&
              left.length === 0 &&
              (passSeconds - options.startSeconds) * leastRate <= rmSeconds,
          },
          {
            name: "cleanup.memory",
            figures: {
              resting_mb: rounded(restingBytes / 1e6, 1),
              peak_growth_mb: rounded(growthBytes / 1e6, 1),
            },
            target: "resident memory does not grow by more than 64 MB, however many files",
            met: growthBytes <= mostGrowthBytes,
          },
          {
            name: "cleanup.event_loop",
            figures: { looks: blocked.length, most_blocked_ms: greatest(blocked) },
            target: `meanwhile the event loop is never blocked for over ${options.mostBlockedMillis} ms`,
            met: greatest(blocked) <= options.mostBlockedMillis,
          },
          {
            name: "cleanup.recording",
            figures: {
              cameras: accounts.length,
              frames: accounts.reduce((sum, account) => sum + account.frames, 0),
              lost_frames: accounts.reduce((sum, account) => sum + account.lost, 0),
            },
            target: "no camera that records meanwhile loses a frame",
            met: accounts.every(({ frames, lost, double }) => frames > 0 && lost === 0 && double === 0),
          },
        ]
      },
    )
  } finally {
    await disk?.unmount()
    if (disk !== null) rmSync(dirname(disk.directory), { recursive: true, force: true })
    await client.dispose()
    await database.dispose()
    rmSync(probeDirectory, { recursive: true, force: true })
  }
}
