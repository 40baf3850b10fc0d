import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { CameraWindow, HealthWindow } from "../../src/domain/Health.ts"
import { makeCameraWindows, type WindowedCamera } from "../../src/health/CameraWindows.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { SecretBox } from "../../src/storage/SecretBox.ts"
import { makeTestDatabase } from "../support/database.ts"
import { summary } from "../storage/accounting/summaries.ts"

const hour = 3_600_000
/** The day ends here; it is no full hour, and the windows of a month begin within a day. */
const endMillis = Date.parse("2026-01-14T15:20:07.123Z")
const ago = (millis: number) => endMillis - millis

let database: Awaited<ReturnType<typeof makeTestDatabase>>
let stateDirectory: string
/** What the simulated clock shows; it moves when the script says so. */
let nowMillis: number

const simulatedClock = Layer.effect(
  Clock.Clock,
  Effect.map(
    Clock.Clock,
    (real) =>
      ({
        currentTimeMillisUnsafe: () => nowMillis,
        currentTimeMillis: Effect.sync(() => nowMillis),
        currentTimeNanosUnsafe: () => BigInt(nowMillis) * 1_000_000n,
        currentTimeNanos: Effect.sync(() => BigInt(nowMillis) * 1_000_000n),
        monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: real.monotonicTimeNanos,
        sleep: (duration) => real.sleep(duration),
      }) satisfies Clock.Clock,
  ),
)

const services = () =>
  Layer.mergeAll(Owners.layer, Cameras.layer, Catalog.layer()).pipe(
    Layer.provide(SecretBox.layer({ stateDirectory })),
    Layer.provideMerge(databaseLayer(database.settings)),
    Layer.provideMerge(simulatedClock),
  )

beforeEach(async () => {
  nowMillis = ago(31 * hour)
  database = await makeTestDatabase()
  stateDirectory = mkdtempSync(join(tmpdir(), "vigia-day-"))
})
afterEach(async () => {
  await database.dispose()
  rmSync(stateDirectory, { recursive: true, force: true })
})

const within = async <A, E>(
  effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof services>>>,
): Promise<A> => {
  const runtime = ManagedRuntime.make(services())
  try {
    return await runtime.runPromise(effect)
  } finally {
    await runtime.dispose()
  }
}

const addCamera = Effect.gen(function* () {
  const owner = yield* (yield* Owners).create({ name: "Ana", plan: "basic" })
  return yield* (yield* Cameras).create({
    ownerId: owner.id,
    name: "Door",
    url: Redacted.make("rtsp://u:p@127.0.0.1/door"),
    transport: "tcp",
    recordingEnabled: true,
  })
})

/**
 * From 30 h ago: recorded; 23 h ago the process crashes and is back after 7.321 s; a hole of 2.5 s; off for two hours;
 * a stall of 61.004 s; then recorded up to the end. A frame each 40 ms, and every hundredth is missing.
 */
const script: ReadonlyArray<{
  readonly from: number
  readonly to: number
  readonly after: "process_crashed" | "stalled" | "off" | "end"
}> = [
  { from: 30 * hour, to: 23 * hour, after: "process_crashed" },
  { from: 23 * hour - 7321, to: 9 * hour, after: "off" },
  { from: 7 * hour - 1203, to: hour / 2, after: "stalled" },
  { from: hour / 2 - 61_004, to: 0, after: "end" },
]
const hole = { from: 12 * hour, to: 12 * hour - 2500 }

const playDay = Effect.gen(function* () {
  const catalog = yield* Catalog
  nowMillis = ago(30 * hour)
  const camera = yield* addCamera
  yield* catalog.cameraEnabled(camera.id, ago(30 * hour))
  for (const [at, { from, to, after }] of script.entries()) {
    const holes = from > hole.from && to < hole.to ? [hole] : []
    if (at > 0 && script[at - 1]?.after === "off") yield* catalog.cameraEnabled(camera.id, ago(from + 1203))
    for (let number = 0, left = from; left > to; number++, left -= hour) {
      const until = Math.max(to, left - hour)
      nowMillis = ago(until)
      const inside = holes.filter((one) => one.from <= left && one.to >= until)
      yield* catalog.segmentsChanged([
        summary({
          cameraId: camera.id,
          runId: `run-${at}`,
          number,
          startedAtMillis: ago(left),
          endedAtMillis: ago(until),
          state: after === "end" && until === 0 ? "growing" : "closed",
          frames: Math.round(((left - until) / 40) * 0.99),
          missingFrames: Math.round(((left - until) / 40) * 0.01),
          holes: inside.map((one) => ({ fromMillis: ago(one.from), toMillis: ago(one.to) })),
        }),
      ])
      yield* catalog.flush
    }
    if (after === "off") yield* catalog.cameraDisabled(camera.id, ago(to))
    else if (after !== "end") yield* catalog.outageBegan(camera.id, after, null, ago(to))
  }
  yield* catalog.flush
  return { ...camera, createdAtMillis: ago(30 * hour) }
})

const seconds = ({ enabledSeconds, recordedSeconds, uptime }: CameraWindow) => ({
  enabledSeconds,
  recordedSeconds,
  uptime,
})

const windowsOf = (camera: WindowedCamera) =>
  Effect.gen(function* () {
    const windows = yield* makeCameraWindows()
    yield* windows.refresh([camera])
    return (window: HealthWindow): CameraWindow => {
      const measured = windows.of(camera.id)[window]
      if (measured === null) throw new Error(`${window} is not measured`)
      return measured
    }
  })

it("measures uptime to the millisecond, of a camera that was on for a part of the time", async () => {
  const window = await within(
    Effect.gen(function* () {
      return yield* windowsOf(yield* playDay)
    }),
  )
  const offMillis = 2 * hour
  // Enabled 1.203 s before its first fragment.
  const lost = { crash: 7321, hole: 2500, starting: 1203, stall: 61_004 }
  const lostMillis = lost.crash + lost.hole + lost.starting + lost.stall
  const day = 24 * hour - offMillis
  expect(seconds(window("day"))).toEqual({
    enabledSeconds: day / 1000,
    recordedSeconds: (day - lostMillis) / 1000,
    uptime: (day - lostMillis) / day,
  })
  expect(seconds(window("month"))).toEqual({
    enabledSeconds: (30 * hour - offMillis) / 1000,
    recordedSeconds: (30 * hour - offMillis - lostMillis) / 1000,
    uptime: (30 * hour - offMillis - lostMillis) / (30 * hour - offMillis),
  })
  expect(seconds(window("hour"))).toEqual({
    enabledSeconds: 3600,
    recordedSeconds: (hour - lost.stall) / 1000,
    uptime: (hour - lost.stall) / hour,
  })
  expect(window("month").frameLossPercent).toBeCloseTo(1, 2)
  expect(window("hour")).toMatchObject({
    frames: Math.round(((hour - lost.stall) / 40) * 0.99),
    missingFrames: Math.round(((hour - lost.stall) / 40) * 0.01),
  })
}, 60_000)

it("sums the frames of the recordings that tell, in the database as in memory", async () => {
  const window = await within(
    Effect.gen(function* () {
      const camera = yield* playDay
      const sql = yield* SqlClient.SqlClient
      // An hour of 28 is irregular; the last half hour came over UDP.
      yield* sql`UPDATE recordings SET missing_frames = NULL WHERE run_id = 'run-0' AND segment_number = 0`
      yield* sql`UPDATE recordings SET lost_packets = 30, damaged_frames_at_most = 20 WHERE run_id = 'run-3'`
      return yield* windowsOf(camera)
    }),
  )
  const { frames, missingFrames, frameLossPercent, missingMeasuredShare, lossMeasuredShare } = window("month")
  expect(missingFrames).toBe(Math.round((frames * missingMeasuredShare) / 99))
  expect(frameLossPercent).toBeCloseTo(1, 2)
  expect(missingMeasuredShare).toBeCloseTo(27 / 28, 2)
  expect(lossMeasuredShare).toBeCloseTo((1800 - 61) / (28 * 3600), 4)
  expect(window("month")).toMatchObject({ lostPackets: 30, damagedFramesAtMost: 20 })
}, 60_000)

it("counts as recorded what was deleted since, and measures a window again only when it is due", async () => {
  await within(
    Effect.gen(function* () {
      const camera = yield* playDay
      const windows = yield* makeCameraWindows()
      yield* windows.refresh([camera])
      const before = windows.of(camera.id)
      const sql = yield* SqlClient.SqlClient
      // As a deletion leaves them: the rows of a run are gone, a gap `deleted` is there.
      const [bounds] = yield* sql<{ from: Date; to: Date }>`
        SELECT min(start_time) AS "from", max(end_time) AS "to" FROM recordings WHERE run_id = 'run-1'`
      if (bounds === undefined) throw new Error("nothing was recorded")
      yield* sql`DELETE FROM recordings WHERE run_id = 'run-1'`
      yield* sql`INSERT INTO gaps (camera_id, identity, start_time, end_time, cause, detail)
        VALUES (${camera.id}, 'deleted/1', ${bounds.from}, ${bounds.to}, 'deleted', 'expired')`
      yield* windows.refresh([camera])
      expect(windows.of(camera.id)).toEqual(before)
      nowMillis += 60_000
      yield* windows.refresh([camera])
      expect(windows.of(camera.id).day).toEqual(before.day)
      expect(windows.of(camera.id).hour?.measuredAtMillis).toBe(nowMillis)
      nowMillis = endMillis
      const again = yield* makeCameraWindows()
      yield* again.refresh([camera])
      const { day } = again.of(camera.id)
      if (day === null || before.day === null) throw new Error("the day is not measured")
      expect(seconds(day)).toEqual(seconds(before.day))
      expect(day.frames).toBeLessThan(before.day.frames)
      yield* windows.refresh([])
      expect(windows.of(camera.id)).toEqual({ hour: null, day: null, month: null })
    }),
  )
}, 60_000)
