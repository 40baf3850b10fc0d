import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type CameraWindow, healthWindows, type HealthWindow } from "../domain/Health.ts"
import type { Span } from "../domain/Segment.ts"
import { steadyMillis } from "../domain/steadyMillis.ts"
import { Catalog } from "../storage/Catalog.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { addParts, cameraWindow, emptyPart, windowPart, type WindowPart } from "./cameraWindow.ts"

type Windows = Readonly<Record<HealthWindow, CameraWindow | null>>

interface MeasuredDay {
  readonly part: WindowPart
  readonly measuredAtMillis: number
}

/** A camera as its windows need it. */
export interface WindowedCamera {
  readonly id: number
  readonly createdAtMillis: number
  readonly recordingEnabled: boolean
}

const minuteMillis = 60_000
const dayMillis = 24 * 60 * minuteMillis

/** How old a window may be. */
const refreshMillis: Readonly<Record<HealthWindow, number>> = {
  hour: minuteMillis,
  day: 5 * minuteMillis,
  month: 30 * minuteMillis,
}

/** Of a camera that has not been enabled for long, a window may be as old as this part of what it tells of; */
const youngShare = 0.1
/** but no window is measured again sooner: cameras that begin together are no load. */
const leastRefreshMillis = 15_000

const isDue = (
  { recordingEnabled }: WindowedCamera,
  window: HealthWindow,
  before: CameraWindow | null,
  nowMillis: number,
): boolean => {
  if (before === null) return true
  const youngMillis = recordingEnabled
    ? Math.max(leastRefreshMillis, youngShare * before.enabledSeconds * 1000)
    : Infinity
  return Math.abs(nowMillis - before.measuredAtMillis) >= Math.min(refreshMillis[window], youngMillis)
}

/** The short ones of all cameras before the long one of any. */
const order: ReadonlyArray<HealthWindow> = ["hour", "day", "month"]

/** A day that is over may still change: files are deleted, found, or found missing. */
const dayAgeMillis = dayMillis
/** Until its last rows are written and compared with the disk. */
const settledMillis = 60 * minuteMillis
/** Then the months that are left wait for the next refresh, which begins with hours and days again. */
const longestMonthsMillis = minuteMillis
/** Between two parts, so that the windows of many cameras are no burst. */
const pauseMillis = 20

const unmeasured: Windows = { hour: null, day: null, month: null }

/** Spans of at most a day each, cut at midnight UTC. */
const daysOf = ({ fromMillis, toMillis }: Span): ReadonlyArray<Span> => {
  const firstDay = Math.floor(fromMillis / dayMillis)
  const days = Math.max(0, Math.ceil(toMillis / dayMillis) - firstDay)
  return Array.from({ length: days }, (_, at) => ({
    fromMillis: Math.max(fromMillis, (firstDay + at) * dayMillis),
    toMillis: Math.min(toMillis, (firstDay + at + 1) * dayMillis),
  }))
}

/**
 * The windows of all cameras, measured now and then from coverage and the rows of recordings.
 *
 * One camera, and at most one day of it, at a time; days that are over are asked again once a day. While the database
 * is away windows stay as they were.
 */
export const makeCameraWindows = Effect.fnUntraced(function* () {
  const catalog = yield* Catalog
  const windows = new Map<number, Windows>()
  const days = new Map<number, Map<number, MeasuredDay>>()

  const measured = Effect.fnUntraced(function* (cameraId: number, { fromMillis, toMillis }: Span) {
    const { coverage, frames } = yield* catalog.account(cameraId, fromMillis, toMillis)
    return windowPart(coverage, frames)
  })

  const dayOf = Effect.fnUntraced(function* (cameraId: number, span: Span, nowMillis: number) {
    const isWhole = span.toMillis - span.fromMillis === dayMillis
    if (!isWhole || span.toMillis > nowMillis - settledMillis) return yield* measured(cameraId, span)
    const known = days.get(cameraId) ?? new Map<number, MeasuredDay>()
    days.set(cameraId, known)
    const before = known.get(span.fromMillis)
    if (before !== undefined && Math.abs(nowMillis - before.measuredAtMillis) < dayAgeMillis)
      return before.part
    yield* Effect.sleep(pauseMillis)
    const part = yield* measured(cameraId, span)
    known.set(span.fromMillis, { part, measuredAtMillis: nowMillis })
    return part
  })

  const measure = Effect.fnUntraced(function* (camera: WindowedCamera, window: HealthWindow) {
    const nowMillis = yield* Clock.currentTimeMillis
    const fromMillis = Math.max(nowMillis - healthWindows[window], camera.createdAtMillis)
    let sum = emptyPart
    // An hour and a day are asked as they are: an instant of midnight would be one more question.
    const spans =
      window === "month" ? daysOf({ fromMillis, toMillis: nowMillis }) : [{ fromMillis, toMillis: nowMillis }]
    for (const span of spans) sum = addParts(sum, yield* dayOf(camera.id, span, nowMillis))
    const measuredWindow = cameraWindow(sum, nowMillis)
    const isWhole = (one: HealthWindow) => nowMillis - camera.createdAtMillis <= healthWindows[one]
    // All windows that reach back to the creation of the camera are the same.
    const same = isWhole(window) ? order.filter(isWhole) : [window]
    const known = windows.get(camera.id) ?? unmeasured
    windows.set(camera.id, {
      ...known,
      ...Object.fromEntries(same.map((one) => [one, measuredWindow])),
    })
  })

  const forgetOldDays = (nowMillis: number): void => {
    for (const known of days.values()) {
      for (const fromMillis of known.keys()) {
        if (fromMillis < nowMillis - healthWindows.month - dayMillis) known.delete(fromMillis)
      }
    }
  }

  /** Measures what is due; ends early when the database does not answer, or the months take long. */
  const refresh = Effect.fnUntraced(function* (
    cameras: ReadonlyArray<WindowedCamera>,
  ): Effect.fn.Return<void, DatabaseUnavailable> {
    const ids = new Set(cameras.map(({ id }) => id))
    for (const cameraId of windows.keys()) if (!ids.has(cameraId)) windows.delete(cameraId)
    for (const cameraId of days.keys()) if (!ids.has(cameraId)) days.delete(cameraId)
    forgetOldDays(yield* Clock.currentTimeMillis)
    for (const window of order) {
      const startedMillis = yield* steadyMillis
      for (const camera of cameras) {
        if (window === "month" && (yield* steadyMillis) - startedMillis > longestMonthsMillis) return
        const before = windows.get(camera.id)?.[window] ?? null
        const nowMillis = yield* Clock.currentTimeMillis
        if (!isDue(camera, window, before, nowMillis)) continue
        yield* measure(camera, window)
        yield* Effect.yieldNow
      }
    }
  })

  return {
    refresh,
    of: (cameraId: number): Windows => windows.get(cameraId) ?? unmeasured,
  }
})
