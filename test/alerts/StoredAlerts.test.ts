import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, beforeAll, expect, it } from "vitest"
import { pageOf } from "../../src/alerts/alertPages.ts"
import type { Alert } from "../../src/domain/Alert.ts"
import { StoredAlerts } from "../../src/storage/Alerts.ts"
import { decodeCreatedCursor } from "../../src/storage/createdCursor.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { makeTestDatabase } from "../support/database.ts"

let database: Awaited<ReturnType<typeof makeTestDatabase>>
let runtime: ManagedRuntime.ManagedRuntime<StoredAlerts, unknown>

beforeAll(async () => {
  database = await makeTestDatabase()
  runtime = ManagedRuntime.make(StoredAlerts.layer.pipe(Layer.provide(databaseLayer(database.settings))))
})

afterAll(async () => {
  await runtime.dispose()
  await database.dispose()
})

const alert = (number: number, rest: Partial<Alert> = {}): Alert => ({
  id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
  kind: "recording_stopped",
  severity: "critical",
  cameraId: number % 2,
  detail: `detail ${number} of "Till"`,
  sinceMillis: number * 1000,
  // Several at one instant: the id decides.
  raisedAtMillis: Math.floor(number / 3) * 60_000,
  endedAtMillis: number % 4 === 0 ? null : Math.floor(number / 3) * 60_000 + 30_000,
  acknowledgedAtMillis: null,
  acknowledgedBy: null,
  note: null,
  ...rest,
})

const alerts = Array.from({ length: 20 }, (_, at) => alert(at))
const run = <A, E>(use: (stored: StoredAlerts["Service"]) => Effect.Effect<A, E>) =>
  runtime.runPromise(Effect.flatMap(StoredAlerts, use))

const latestFirst = (some: ReadonlyArray<Alert>) => some.map(({ id }) => id).toReversed()

it("keeps alerts as they are, one row for each, and pages through them, the latest first", async () => {
  await run((stored) => stored.save(alerts))
  await run((stored) => stored.save(alerts))
  const pages: Array<ReadonlyArray<Alert>> = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const after = cursor === undefined ? null : (decodeCreatedCursor(cursor) ?? null)
    const rows = await run((stored) => stored.list({ isEnded: false, after, limit: 8 }))
    const page = pageOf(rows, 7)
    pages.push(page.alerts)
    cursor = page.nextCursor
  }
  expect(pages.map(({ length }) => length)).toEqual([7, 7, 6])
  expect(pages.flat()).toEqual(alerts.toReversed())
})

it("finds those of a camera, of a kind, that ended, and that stood within a range", async () => {
  const ids = async (query: Partial<Parameters<StoredAlerts["Service"]["list"]>[0]>) =>
    (await run((stored) => stored.list({ isEnded: false, after: null, limit: 100, ...query }))).map(
      ({ id }) => id,
    )
  expect(await ids({ cameraId: 1 })).toEqual(latestFirst(alerts.filter(({ cameraId }) => cameraId === 1)))
  expect(await ids({ kind: "frame_loss" })).toEqual([])
  expect(await ids({ isEnded: true })).toEqual(
    latestFirst(alerts.filter(({ endedAtMillis }) => endedAtMillis !== null)),
  )
  expect(await ids({ fromMillis: 120_000, toMillis: 180_001 })).toEqual(
    latestFirst(
      alerts.filter(
        ({ raisedAtMillis, endedAtMillis }) =>
          raisedAtMillis < 180_001 && (endedAtMillis === null || endedAtMillis >= 120_000),
      ),
    ),
  )
})

it("finds all that did not end", async () => {
  expect(await run(({ standing }) => standing)).toEqual(
    alerts.filter(({ endedAtMillis }) => endedAtMillis === null).toReversed(),
  )
})

it("takes over how an alert ended and who acknowledged it", async () => {
  const ended = alert(4, {
    detail: "lost 5 % (not measured any more)",
    endedAtMillis: 90_000,
    acknowledgedAtMillis: 95_000,
    acknowledgedBy: "Ana",
    note: "ok",
  })
  await run((stored) => stored.save([ended]))
  expect(await run((stored) => stored.get(ended.id))).toEqual(ended)
  expect(await run((stored) => stored.get(alert(99).id))).toBeNull()
})

it("forgets what ended before a time, a batch at once, and nothing that stands", async () => {
  const before = 240_000
  const ends = (one: Alert) => one.endedAtMillis ?? Infinity
  const left = async () =>
    (await run((stored) => stored.list({ isEnded: false, after: null, limit: 100 }))).map(ends)
  const old = (await left()).filter((endedAtMillis) => endedAtMillis < before).length
  expect(old).toBeGreaterThan(4)
  expect(await run((stored) => stored.forget(before, 4))).toBe(4)
  expect(await run((stored) => stored.forget(before, 1000))).toBe(old - 4)
  expect(await run((stored) => stored.forget(before, 1000))).toBe(0)
  expect(Math.min(...(await left()))).toBeGreaterThanOrEqual(before)
  expect(await run(({ standing }) => standing)).not.toEqual([])
})
