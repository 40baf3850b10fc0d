import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"
import { SqlClient } from "effect/sql/SqlClient"
import { RepairAnswer } from "../repair/repairAnswer.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { residentBytes } from "./processCost.ts"
import type { TrialGround } from "./Trial.ts"
import { type Verdict, greatest, median, rounded } from "./verdict.ts"
import { insertRows, writeFiles } from "./yearOfFiles.ts"

export interface RepairOptions extends TrialGround {
  readonly cameras: number
  readonly days: number
  readonly hours: number
  readonly rounds: number
  /** What a pass may take beside: to start its thread, which does not depend on the number of files. */
  readonly startSeconds: number
}

const mostTimes = 3
const mostGrowthBytes = 64_000_000
const slowestAnswerSeconds = 0.5

const CameraAnswer = Schema.Struct({ id: Schema.Int })

const ask = async <S extends Schema.ConstraintDecoder<unknown>>(
  service: VigiaService,
  schema: S,
  method: string,
  path: string,
  body?: unknown,
): Promise<S["Type"]> => {
  const answer = await service.request(method, path, body)
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return Schema.decodeUnknownSync(schema)(answer.body)
}

const secondsOf = async (act: () => unknown): Promise<number> => {
  const startedAt = performance.now()
  await act()
  return (performance.now() - startedAt) / 1000
}

type Report = NonNullable<RepairAnswer["last"]>

/** `onAnswer` hears how many seconds each answer of the service took. */
const lastReport = (
  service: VigiaService,
  isWanted: (report: Report) => boolean,
  onAnswer: (seconds: number) => void = () => undefined,
): Promise<Report> =>
  awaitFact(
    "the pass has ended",
    async () => {
      const askedAt = performance.now()
      const { running, last } = await ask(service, RepairAnswer, "GET", "/api/repair")
      onAnswer((performance.now() - askedAt) / 1000)
      return !running && last !== null && isWanted(last) ? last : null
    },
    120_000,
  )

const passSeconds = (report: Report): number =>
  (Date.parse(report.ended_at) - Date.parse(report.started_at)) / 1000

/** A full pass of the service, by its own report. */
const fullPass = async (service: VigiaService, onAnswer: (seconds: number) => void): Promise<Report> => {
  const before = (await lastReport(service, () => true)).started_at
  await ask(service, RepairAnswer, "POST", "/api/repair")
  return lastReport(service, ({ started_at }) => started_at !== before, onAnswer)
}

/** The most memory that a process had since it was asked for the last time (proc(5), `clear_refs`). */
const peakBytes = (pid: number): number => {
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  writeFileSync(`/proc/${pid}/clear_refs`, "5")
  return Number(peak) * 1024
}

/** A year of files against as many rows: how long a full pass takes, what it needs, and what the hourly one touches. */
export const measureRepair = async (options: RepairOptions): Promise<ReadonlyArray<Verdict>> => {
  const database = await makeTestDatabase(options.databaseServer)
  const { host, port, user: username, password } = database.settings
  const client = ManagedRuntime.make(
    PgClient.layer({ host, port, username, password, database: database.settings.database }),
  )
  const service = await VigiaService.start({
    environment: { POSTGRES_DB: database.settings.database },
    ...(options.databaseServer === undefined ? {} : { databaseServer: options.databaseServer }),
  })
  try {
    const owner = await ask(service, CameraAnswer, "POST", "/api/owners", { name: "year", plan: "premium" })
    const cameraIds: Array<number> = []
    for (let camera = 0; camera < options.cameras; camera++) {
      const fresh = {
        owner_id: owner.id,
        name: `c${camera}`,
        url: "rtsp://127.0.0.1:9/",
        recording_enabled: false,
      }
      cameraIds.push((await ask(service, CameraAnswer, "POST", "/api/cameras", fresh)).id)
    }
    const year = { cameraIds, days: options.days, hours: options.hours }
    const files = writeFiles(service.recordingDirectory, year)
    await client.runPromise(Effect.flatMap(SqlClient, (sql) => insertRows(sql, year)))

    const find = () => {
      const count = execFileSync("sh", [
        "-c",
        'find "$1" -type f -size +0 | wc -l',
        "sh",
        service.recordingDirectory,
      ])
      if (Number(count) < files) throw new Error(`find sees ${String(count)} files`)
    }
    const select = () =>
      client.runPromise(
        Effect.flatMap(SqlClient, (sql) => sql`SELECT file_path, file_size, state FROM recordings`),
      )
    // Caches and compilers are warm in a service that runs.
    const answers: Array<number> = []
    const comparison = () => fullPass(service, (seconds) => answers.push(seconds))
    const reports = [await comparison()]
    const restingBytes = residentBytes(service.pid)
    peakBytes(service.pid)
    const rounds: Array<{ readonly find: number; readonly select: number; readonly pass: number }> = []
    for (let round = 0; round < options.rounds; round++) {
      const findSeconds = await secondsOf(find)
      const selectSeconds = await secondsOf(select)
      const report = await comparison()
      reports.push(report)
      rounds.push({ find: findSeconds, select: selectSeconds, pass: passSeconds(report) })
    }
    const peakGrowth = peakBytes(service.pid) - restingBytes
    const leftGrowth = residentBytes(service.pid) - restingBytes

    await service.end()
    await service.start({ environment: { RECORDING_REPAIR_INTERVAL: "1" } })
    const hourly = await lastReport(service, ({ kind }) => kind === "incremental")
    const isRight = reports.every(
      (report) =>
        report.complete &&
        report.files_examined === files &&
        report.rows === files &&
        report.adopted + report.missing + report.settled + report.restored + report.unowned === 0,
    )
    const ratios = rounds.map((round) => round.pass / (round.find + round.select))
    const { startSeconds } = options
    const isInTime = rounds.filter(
      (round) => round.pass <= startSeconds + mostTimes * (round.find + round.select),
    )
    const megabytes = (bytes: number): number => rounded(bytes / 1e6, 1)
    return [
      {
        name: "repair.full",
        figures: {
          files,
          directories: options.cameras * options.days,
          pass_seconds: rounded(median(rounds.map(({ pass }) => pass))),
          find_seconds: rounded(median(rounds.map((round) => round.find))),
          select_seconds: rounded(median(rounds.map((round) => round.select))),
          ratio_median: rounded(median(ratios), 2),
          ratio_greatest: rounded(greatest(ratios), 2),
        },
        target: `a full pass takes at most ${mostTimes} times what find and one SELECT of the rows take${startSeconds === 0 ? "" : `, and ${startSeconds} s to start`}, in most rounds, and finds nothing to do`,
        met: isRight && isInTime.length * 2 > rounds.length,
      },
      {
        name: "repair.memory",
        figures: {
          passes: rounds.length,
          resting_mb: megabytes(restingBytes),
          peak_growth_mb: megabytes(peakGrowth),
          growth_after_passes_mb: megabytes(leftGrowth),
        },
        target: "resident memory never grows by more than 64 MB, however many files and passes",
        met: peakGrowth <= mostGrowthBytes,
      },
      {
        name: "repair.event_loop",
        figures: {
          answers: answers.length,
          median_ms: rounded(median(answers) * 1000, 1),
          slowest_ms: rounded(greatest(answers) * 1000, 1),
        },
        target: "while it compares, the service answers within 0.5 s",
        met: greatest(answers) <= slowestAnswerSeconds,
      },
      {
        name: "repair.hourly",
        figures: {
          pass_seconds: rounded(passSeconds(hourly)),
          directories_listed: hourly.directories_listed,
          files_examined: hourly.files_examined,
          rows: hourly.rows,
        },
        target: "a pass over an unchanged disk lists no directory of a day and touches no file",
        met:
          hourly.complete &&
          hourly.files_examined === 0 &&
          hourly.rows === 0 &&
          hourly.directories_listed <= 1,
      },
    ]
  } finally {
    await service.remove()
    await client.dispose()
    await database.dispose()
  }
}
