import * as Schema from "effect/Schema"
import { seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import type { Span } from "../../src/domain/Segment.ts"
import { totalMillis } from "../../src/domain/spans.ts"
import type { CoverageAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { OwnServer } from "../support/OwnServer.ts"
import { isSummed, isTiled, spansOf } from "./accounting.ts"
import { AwayProbe } from "./AwayProbe.ts"
import { type AwayFault, awayEnvironment, failAndRecover } from "./awayFaults.ts"
import { disagreement, recordedTruth } from "./frameTruth.ts"
import { rowFaults } from "./rowFaults.ts"
import { Trial } from "./Trial.ts"
import { type Verdict, greatest, rounded } from "./verdict.ts"

export interface DatabaseAwayOptions {
  readonly seed: number
  readonly cameras: number
  readonly awaySeconds: number
  /** A frozen server keeps its connections and answers nothing. */
  readonly how: "stopped" | "frozen"
}

/** How a server goes away and returns, and how soon the service is to know of the former: a time limit has to pass. */
const ways = {
  stopped: {
    name: "database_away",
    leave: (server: OwnServer) => server.stop(),
    return: (server: OwnServer) => server.start(),
    noticedWithinMillis: 3_000,
  },
  frozen: {
    name: "database_frozen",
    leave: async (server: OwnServer) => server.freeze(),
    return: async (server: OwnServer) => server.thaw(),
    noticedWithinMillis: 15_000,
  },
} as const

const frameMillis = 40
const boundaryMillis = 500
const unlistedMillis = 600

const Row = Schema.Struct({
  camera_id: Schema.Int,
  start_time: Schema.String,
  end_time: Schema.NullOr(Schema.String),
})
type Row = typeof Row.Type

const rowsOf = async (trial: Trial, table: string): Promise<ReadonlyArray<Row>> =>
  (await trial.service.rows(`SELECT * FROM ${table} ORDER BY id`)).map((row) =>
    Schema.decodeUnknownSync(Row)(row),
  )

/** Rows that begin before one of the same camera that was stored earlier, or overlap it. */
const disordered = (rows: ReadonlyArray<Row>): number =>
  [...Map.groupBy(rows, ({ camera_id }) => camera_id).values()].reduce(
    (sum, own) =>
      sum +
      own.filter((row, at) => {
        const earlier = own[at - 1]
        return (
          earlier !== undefined && Date.parse(row.start_time) < Date.parse(earlier.end_time ?? row.start_time)
        )
      }).length,
    0,
  )

/** Whether coverage knows a fault by its cause, where it was. */
const isListed = ({ spans }: CoverageAnswer, fault: AwayFault): boolean =>
  spans.some(
    ({ cause, from, to }) =>
      cause === fault.cause &&
      Date.parse(from) < fault.toMillis + boundaryMillis &&
      Date.parse(to) > fault.fromMillis - boundaryMillis,
  )

/** The database goes away while cameras fail and recover; then its rows are held against the frames on disk. */
export const measureDatabaseAway = async (options: DatabaseAwayOptions): Promise<ReadonlyArray<Verdict>> => {
  const server = await OwnServer.start()
  const names = Array.from({ length: options.cameras }, (_, at) => `cam${at}`)
  const trialOptions = {
    seed: options.seed,
    databaseServer: server.address,
    environment: awayEnvironment,
    cameras: names.map((path) => ({ path, port: 0 })),
  }
  try {
    return await Trial.run(trialOptions, (trial) => measureOutage(trial, server, names, options))
  } finally {
    server.thaw()
    await server.remove()
  }
}

const measureOutage = async (
  trial: Trial,
  server: OwnServer,
  names: ReadonlyArray<string>,
  { seed, awaySeconds, how }: DatabaseAwayOptions,
): Promise<ReadonlyArray<Verdict>> => {
  const way = ways[how]
  const fromMillis = Date.now() - 1000
  const ids: Array<number> = []
  for (const name of names) ids.push(await trial.add(name, trial.simulator.camera(name).url))
  const allRecord = () =>
    awaitFact("all cameras record", async () =>
      (await Promise.all(ids.map((id) => trial.state(id)))).every(({ state }) => state === "recording"),
    )
  await allRecord()
  const probe = new AwayProbe(trial.service, [
    "/healthz",
    "/readyz",
    ...ids.map((id) => `/api/recording/status/${id}/`),
  ])
  const stoppingAtMillis = Date.now()
  await way.leave(server)
  const goneAtMillis = Date.now()
  const untilMonotonicMillis = performance.now() + awaySeconds * 1000
  const faults = await Promise.all(
    ids.map((id, at) =>
      failAndRecover(trial, id, trial.simulator.camera(names[at] ?? ""), {
        first: at,
        random: seededRandom(seed, `away ${at}`),
        untilMonotonicMillis,
      }),
    ),
  )
  const startingAtMillis = Date.now()
  await way.return(server)
  const backAtMillis = Date.now()
  const pollReady = () => trial.service.request("GET", "/readyz")
  await awaitFact("the service is ready again", async () => (await pollReady()).status === 200)
  const readyAtMillis = Date.now()
  await allRecord()
  await probe.stop()
  await trial.stopAll(ids)
  const toMillis = Date.now()
  const rowProblems = (await Promise.all(ids.map((id) => rowFaults(trial, id)))).flat()

  const accounts = await Promise.all(
    ids.map(async (id) => {
      const coverage = await trial.coverage(id, fromMillis, toMillis)
      const truth = recordedTruth(trial.cameraDirectory(id), frameMillis)
      return { coverage, recorded: disagreement(spansOf(coverage, "recorded"), truth) }
    }),
  )
  const worst = (span: (one: (typeof accounts)[number]) => Span) =>
    greatest(accounts.map((one) => totalMillis([span(one)])))
  const worstBoundary = worst((one) => one.recorded.boundary)
  const worstUnlisted = worst((one) => one.recorded.unlisted)
  const unknown = accounts.flatMap(({ coverage }) =>
    coverage.spans.filter(({ cause }) => cause === "unknown"),
  )
  const unlisted = accounts.flatMap(({ coverage }, at) =>
    (faults[at] ?? []).filter((fault) => !isListed(coverage, fault)),
  )
  const recordings = await rowsOf(trial, "recordings")
  const gaps = await rowsOf(trial, "gaps")
  const outOfOrder = disordered(recordings) + disordered(gaps)
  const status = probe.of("/api/recording/status/")
  // The first write after the stop is what tells that the database is away.
  const ready = probe.of("/readyz").filter(({ atMillis }) => atMillis < startingAtMillis)
  const firstUnready = ready.find((one) => one.status === 503)?.atMillis ?? Number.NaN
  const wronglyReady = ready.filter((one) => one.atMillis > firstUnready && one.status !== 503).length
  const unhealthy = probe.of("/healthz").filter((one) => one.status !== 200).length
  const refusedStatus = status.filter((one) => one.status !== 200).length
  const slowestStatus = greatest(status.map(({ millis }) => millis))
  return [
    {
      name: `${way.name}.account`,
      figures: {
        away_seconds: rounded((backAtMillis - stoppingAtMillis) / 1000),
        faults: faults.flat().length,
        kinds: [...new Set(faults.flat().map(({ kind }) => kind))].toSorted().join(" "),
        unknown: unknown.length,
        unlisted_faults: unlisted.map(({ kind, fromMillis: at }) => `${kind} at ${at}`).join("; ") || "none",
        worst_boundary_seconds: rounded(worstBoundary / 1000),
        longest_unlisted_gap_seconds: rounded(worstUnlisted / 1000),
      },
      target:
        "coverage is exact: each fault with its cause, every boundary within 0.5 s of the frames on disk, no gap above 0.6 s unlisted",
      met:
        faults.every((own) => own.length > 0) &&
        unknown.length === 0 &&
        unlisted.length === 0 &&
        accounts.every(({ coverage }) => isTiled(coverage) && isSummed(coverage)) &&
        worstBoundary <= boundaryMillis &&
        worstUnlisted <= unlistedMillis,
    },
    {
      name: `${way.name}.rows`,
      figures: {
        recordings: recordings.length,
        gaps: gaps.length,
        out_of_order_or_double: outOfOrder,
        wrong: rowProblems.join("; ") || "none",
      },
      target: "the rows are those of the files, in order, none double",
      met: recordings.length > 0 && gaps.length > 0 && outOfOrder === 0 && rowProblems.length === 0,
    },
    {
      name: `${way.name}.answers`,
      figures: {
        answers: status.length,
        unhealthy,
        refused_status: refusedStatus,
        slowest_status_seconds: rounded(slowestStatus / 1000),
        unready_after_seconds: rounded((firstUnready - goneAtMillis) / 1000),
        wrongly_ready: wronglyReady,
        ready_after_return_seconds: rounded((readyAtMillis - backAtMillis) / 1000),
      },
      target: `/healthz answers 200 and status answers throughout, within 2 s; /readyz answers 503 after ${way.noticedWithinMillis / 1000} s, and 200 within 3 s of the return`,
      met:
        unhealthy === 0 &&
        refusedStatus === 0 &&
        slowestStatus <= 2000 &&
        wronglyReady === 0 &&
        firstUnready - goneAtMillis <= way.noticedWithinMillis &&
        readyAtMillis - backAtMillis <= 3000,
    },
  ]
}
