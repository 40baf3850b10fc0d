import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
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
  /** Whether a small pass goes first, so that to start the thread that unlinks counts in no round. */
  readonly startsApart: boolean
  /** How often; each time `xargs rm` goes first. Of either the best time counts, which nobody else has held up. */
  readonly rounds: number
  /** Of the rate of `xargs rm`. */
  readonly leastRate: number
  /** For how long the event loop may be blocked at most. */
  readonly mostBlockedMillis: number
}

/** Room for the files and their inodes; what is not written takes none. */
const diskBytes = 6e9
const mostGrowthBytes = 64_000_000

interface Round {
  readonly files: number
  readonly rmSeconds: number
  readonly passSeconds: number
  readonly looks: number
  readonly mostBlockedMillis: number
  /** Every file is gone, and nothing failed. */
  readonly isWhole: boolean
}

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

/** Not in this thread: while it is blocked it does not learn that the service has closed an idle connection. */
const run = promisify(execFile)

/** Both begin with files that are on the medium. */
const sync = (directory: string) => run("sync", ["-f", directory])

/** How long `find | xargs rm` takes for the same files elsewhere on the same disk. */
const removeSeconds = async (options: CleanupOptions, beside: string): Promise<number> => {
  const directory = mkdtempSync(join(beside, "..", "removed-"))
  try {
    const cameraIds = Array.from({ length: options.cameras }, (_, at) => at + 1)
    writeFiles(directory, { ...options, cameraIds })
    await sync(directory)
    const startedAt = performance.now()
    await run("sh", ["-c", 'find "$1" -name "*.mp4" -print0 | xargs -0 rm', "sh", directory])
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
        /** Lets files of an hour expire, which touch as those of a camera that records on and on. */
        const expire = async (days: number): Promise<number> => {
          const year = { cameraIds, days, hours: options.hours }
          const written = writeFiles(service.recordingDirectory, year)
          await client.runPromise(
            Effect.gen(function* () {
              const sql = yield* SqlClient
              yield* insertRows(sql, year)
              yield* sql`UPDATE recordings SET end_time = start_time + interval '1 hour' WHERE run_id = 'run'`
              yield* sql`VACUUM ANALYZE recordings`
            }),
          )
          return written
        }
        const leftFiles = () =>
          cameraIds.flatMap((id) => cameraFiles(join(service.recordingDirectory, `cam_${id}`))).length
        const clean = async () => {
          await service.request("POST", "/api/cleanup")
          const pass = await lastPass(service)
          const [fromMillis, toMillis] = [Date.parse(pass.started_at), Date.parse(pass.ended_at ?? "")]
          return { ...pass, fromMillis, toMillis, seconds: (toMillis - fromMillis) / 1000 }
        }
        const round = async (): Promise<Round> => {
          const files = await expire(options.days)
          const rmSeconds = await removeSeconds(options, service.recordingDirectory)
          await sync(service.recordingDirectory)
          const pass = await clean()
          const blocked = blockedMillis(probePath, pass.fromMillis, pass.toMillis + 200)
          return {
            files,
            rmSeconds,
            passSeconds: pass.seconds,
            looks: blocked.length,
            mostBlockedMillis: greatest(blocked),
            isWhole: pass.complete && pass.errors === 0 && pass.files === files && leftFiles() === 0,
          }
        }
        // Before all that a pass needs is there; its peak is that of all.
        const restingBytes = residentBytes(service.pid)
        resetPeak(service.pid)
        if (options.startsApart) {
          await expire(1)
          await clean()
        }
        const rounds: Array<Round> = []
        while (rounds.length < options.rounds) rounds.push(await round())
        const all = (figure: (one: Round) => number): string => rounds.map(figure).join(" ")
        const least = (figure: (one: Round) => number): number => Math.min(...rounds.map(figure))
        const files = least((one) => one.files)
        const rmSeconds = least((one) => one.rmSeconds)
        const passSeconds = least((one) => one.passSeconds)
        const mostBlockedMillis = least((one) => one.mostBlockedMillis)
        const inTheBest = rounds.length === 1 ? "" : `, each in the best of ${rounds.length} rounds`
        const growthBytes = peakBytes(service.pid) - restingBytes
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
              ...(rounds.length === 1
                ? {}
                : {
                    all_pass_seconds: all((one) => rounded(one.passSeconds)),
                    all_rm_seconds: all((one) => rounded(one.rmSeconds)),
                  }),
            },
            target: `every expired file goes, at at least ${options.leastRate} times the rate of xargs rm${inTheBest}`,
            met: rounds.every(({ isWhole }) => isWhole) && passSeconds * options.leastRate <= rmSeconds,
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
            figures: {
              looks: least((one) => one.looks),
              most_blocked_ms: mostBlockedMillis,
              ...(rounds.length === 1 ? {} : { all_most_blocked_ms: all((one) => one.mostBlockedMillis) }),
            },
            target: `meanwhile the event loop is never blocked for over ${options.mostBlockedMillis} ms${inTheBest}`,
            met: mostBlockedMillis <= options.mostBlockedMillis,
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
