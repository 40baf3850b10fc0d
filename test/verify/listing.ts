import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SqlClient } from "effect/sql/SqlClient"
import { RepairAnswer } from "../repair/repairAnswer.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { KeptConnection } from "./KeptConnection.ts"
import { residentBytes } from "./processCost.ts"
import { insertRecordedDays, linkRecordedDays, type RecordedDays } from "./recordedDays.ts"
import type { TrialGround } from "./Trial.ts"
import { greatest, median, rounded, type Verdict } from "./verdict.ts"

export interface ListingOptions extends TrialGround {
  /** Begins the names of the verdicts. */
  readonly name: string
  readonly cameras: number
  readonly days: number
  readonly filesPerDay: number
  /** Of each kind, after `warmups` that are not counted. */
  readonly requests: number
  readonly warmups: number
  /** Within this time 99 % of the answers come. */
  readonly mostMillis: number
  /** What the rows may add to a start. */
  readonly mostStartSeconds: number
}

const share = 0.99
const dayMillis = 86_400_000
const pageLimit = 100
/** What the rows may add to the memory of a service that has just started, and that has compared them all. */
const mostStartBytes = 32_000_000
const mostComparedBytes = 128_000_000

const percentile = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN

const Created = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))
const Listed = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({ recordings: Schema.Array(Schema.Unknown), next_cursor: Schema.NullOr(Schema.String) }),
  ),
)

/** Starts a life of the service; how long that took. */
const startSeconds = async (service: VigiaService): Promise<number> => {
  const startedAt = performance.now()
  await service.start()
  const seconds = (performance.now() - startedAt) / 1000
  if (!service.alive) throw new Error(`the service does not start: ${service.log.slice(-2000)}`)
  return seconds
}

/** Resolves when disk and catalog were compared, as after each start. */
const comparedRows = (service: VigiaService): Promise<number> =>
  awaitFact(
    "disk and catalog were compared",
    async () => {
      const { running, last } = Schema.decodeUnknownSync(RepairAnswer)(
        (await service.request("GET", "/api/repair")).body,
      )
      return running ? null : last
    },
    120_000,
  ).then(({ rows, missing, adopted }) => {
    if (missing + adopted > 0)
      throw new Error(`disk and catalog differ: ${missing} missing, ${adopted} adopted`)
    return rows
  })

const createCameras = async (service: VigiaService, cameras: number): Promise<ReadonlyArray<number>> => {
  const owner = Created(
    (await service.request("POST", "/api/owners", { name: "many", plan: "premium" })).body,
  )
  const cameraIds: Array<number> = []
  for (let camera = 0; camera < cameras; camera++) {
    const fresh = {
      owner_id: owner.id,
      name: `c${camera}`,
      url: "rtsp://127.0.0.1:9/",
      recording_enabled: false,
    }
    cameraIds.push(Created((await service.request("POST", "/api/cameras", fresh)).body).id)
  }
  return cameraIds
}

/** The paths of one round, by kind: of another camera and another day each time. */
const pathsOf = (round: number, { cameraIds, days, untilMillis }: RecordedDays) => {
  const cameraId = cameraIds[round % cameraIds.length]
  const fromMillis = untilMillis - (1 + ((round * 7) % days)) * dayMillis
  const range = `from=${new Date(fromMillis).toISOString()}&to=${new Date(fromMillis + dayMillis).toISOString()}`
  const listed = `/api/recordings?camera_id=${cameraId}&${range}`
  return {
    // What a request costs that asks nobody: noise of the machine shows here, too.
    healthz: "/healthz",
    status: `/api/recording/status/${cameraId}`,
    storage: "/api/storage",
    day: `${listed}&limit=${pageLimit}`,
    coverage: `/api/cameras/${cameraId}/coverage?${range}`,
    clips: `/api/clips?camera_id=${cameraId}`,
    listed,
  }
}

/** How long the answers took, by kind; all kinds in turn, so that noise meets each of them alike. */
const timedRounds = async (
  connection: KeptConnection,
  rows: RecordedDays,
  { requests, warmups }: ListingOptions,
): Promise<ReadonlyMap<string, ReadonlyArray<number>>> => {
  const millis = new Map<string, Array<number>>()
  const pageFiles = Math.min(pageLimit, rows.filesPerDay / 2)
  for (let round = 0; round < warmups + requests; round++) {
    const { listed, ...paths } = pathsOf(round, rows)
    const first = Listed((await connection.get(`${listed}&limit=${pageFiles}`)).text)
    if (first.next_cursor === null) throw new Error("the day has no second page")
    const next = `${listed}&limit=${pageFiles}&cursor=${first.next_cursor}`
    for (const [kind, path] of Object.entries({ ...paths, next_page: next })) {
      const { tookMillis, text } = await connection.get(path)
      if (kind === "day" && Listed(text).recordings.length < Math.min(pageLimit, rows.filesPerDay)) {
        throw new Error(`the day has too few files: ${path}`)
      }
      if (round >= warmups) millis.set(kind, [...(millis.get(kind) ?? []), tookMillis])
    }
  }
  return millis
}

/** How long the service takes to answer among many rows, and what they cost it when it starts. */
export const measureListing = async (options: ListingOptions): Promise<ReadonlyArray<Verdict>> => {
  const { databaseServer, cameras, days, filesPerDay } = options
  const database = await makeTestDatabase(databaseServer)
  const { host, port, user: username, password, database: name } = database.settings
  const service = await VigiaService.make({
    // However old the rows are, nothing of them expires.
    environment: { POSTGRES_DB: name, RECORDING_RETENTION_PREMIUM: "3650" },
    ...(databaseServer === undefined ? {} : { databaseServer }),
  })
  try {
    await startSeconds(service)
    const cameraIds = await createCameras(service, cameras)
    await service.end()
    const emptySeconds = await startSeconds(service)
    await comparedRows(service)
    const emptyBytes = residentBytes(service.pid)
    await service.end()

    const untilMillis = Math.floor(Date.now() / dayMillis) * dayMillis
    const rows = { cameraIds, days, filesPerDay, untilMillis }
    await Effect.runPromise(
      Effect.flatMap(SqlClient, (sql) => insertRecordedDays(sql, rows)).pipe(
        Effect.provide(PgClient.layer({ host, port, username, password, database: name })),
      ),
    )
    linkRecordedDays(service.recordingDirectory, rows)
    const fullSeconds = await startSeconds(service)
    const connection = new KeptConnection(service.address)
    const firstStatus = await connection.get(`/api/recording/status/${cameraIds[0]}`)
    const startedBytes = residentBytes(service.pid)
    const compared = await comparedRows(service)
    if (compared < cameras * days * filesPerDay) throw new Error(`only ${compared} rows were compared`)
    const fullBytes = residentBytes(service.pid)
    const millis = await timedRounds(connection, rows, options)
    connection.close()

    const megabytes = (bytes: number): number => rounded(bytes / 1e6, 1)
    return [
      ...[...millis].map(([kind, values]) => ({
        name: `${options.name}.${kind}`,
        figures: {
          rows: cameras * days * filesPerDay,
          requests: values.length,
          median_ms: rounded(median(values), 2),
          p99_ms: rounded(percentile(values), 2),
          slowest_ms: rounded(greatest(values), 1),
        },
        target: `99 % of the answers within ${options.mostMillis} ms`,
        met: percentile(values) < options.mostMillis,
      })),
      {
        name: `${options.name}.start`,
        figures: {
          rows: cameras * days * filesPerDay,
          seconds: rounded(fullSeconds),
          seconds_without_rows: rounded(emptySeconds),
          first_status_ms: rounded(firstStatus.tookMillis, 1),
          resident_mb_at_once: megabytes(startedBytes),
          resident_mb: megabytes(fullBytes),
          resident_mb_without_rows: megabytes(emptyBytes),
        },
        target: `the rows add at most ${options.mostStartSeconds} s and ${mostStartBytes / 1e6} MB to a start, and ${mostComparedBytes / 1e6} MB to the comparison after it`,
        met:
          fullSeconds - emptySeconds <= options.mostStartSeconds &&
          startedBytes - emptyBytes <= mostStartBytes &&
          fullBytes - emptyBytes <= mostComparedBytes,
      },
    ]
  } finally {
    await service.remove()
    await database.dispose()
  }
}
