import type { Cause } from "../../domain/Cause.ts"
import { touchMillis } from "../../domain/coverage.ts"
import type { SegmentSummary } from "../../domain/Segment.ts"
import {
  coveredUntil,
  isUnended,
  latestSegment,
  type Ledger,
  type LedgerSegment,
  openOutage,
  openPeriod,
  type Outage,
  outageSpan,
  segmentAt,
} from "./ledger.ts"

/**
 * How far the last whole fragment of a healthy run may lie behind: fragments last about a second.
 *
 * Up to this, time after it was cut off by the end of the run itself; beyond it, something else was missing.
 */
export const tailMillis = 2_000

const isEmpty = (ledger: Ledger, outage: Outage): boolean => {
  const { fromMillis, toMillis } = outageSpan(ledger, outage)
  return toMillis <= fromMillis
}

const withOutage = (
  ledger: Ledger,
  outage: Pick<Outage, "cause" | "fromMillis"> & Partial<Pick<Outage, "detail" | "toMillis" | "before">>,
): Ledger => {
  const after = latestSegment(ledger)
  const fromMillis = Math.max(outage.fromMillis, after?.endedAtMillis ?? -Infinity)
  const wanted = `outage/${ledger.cameraId}/${fromMillis}/${outage.cause}`
  // An outage that vanished gives its name back: repeating a recovery names the same rows.
  const others = ledger.outages.filter((one) => one.identity !== wanted || !isEmpty(ledger, one))
  const copies = others.filter(
    ({ identity }) => identity === wanted || identity.startsWith(`${wanted}/`),
  ).length
  return {
    ...ledger,
    outages: [
      ...others,
      {
        identity: copies === 0 ? wanted : `${wanted}/${copies}`,
        cause: outage.cause,
        detail: outage.detail ?? null,
        fromMillis: outage.fromMillis,
        toMillis: outage.toMillis ?? null,
        after: after?.filePath ?? null,
        before: outage.before ?? null,
      },
    ],
  }
}

const mapOutages = (ledger: Ledger, change: (outage: Outage) => Outage): Ledger => ({
  ...ledger,
  outages: ledger.outages.map(change),
})

/** Ends the open outage, no earlier than it began. */
const withOutageEnded = (ledger: Ledger, atMillis: number): Ledger =>
  mapOutages(ledger, (outage) =>
    isUnended(outage)
      ? { ...outage, toMillis: Math.max(atMillis, outageSpan(ledger, outage).fromMillis) }
      : outage,
  )

/** Where the time begins that nothing accounts for yet. */
const accountedUntil = (ledger: Ledger, enabledAtMillis: number): number =>
  Math.max(enabledAtMillis, coveredUntil(ledger) ?? enabledAtMillis)

/** Whether a run of this camera is seen to write; one whose file only the database calls growing is not. */
const isRecording = (ledger: Ledger): boolean =>
  ledger.segments.some(({ state, isReported }) => state === "growing" && isReported)

/** The camera is to be recorded from now on: until the first segment, unless a run writes already, it is `starting`. */
export const cameraEnabled = (ledger: Ledger, atMillis: number): Ledger => {
  if (openPeriod(ledger) !== undefined) return ledger
  const fromMillis = Math.max(atMillis, ledger.periods.at(-1)?.toMillis ?? atMillis)
  const periods = ledger.periods.filter((period) => period.fromMillis !== fromMillis)
  const enabled = { ...ledger, periods: [...periods, { fromMillis, toMillis: null }] }
  return isRecording(ledger) ? enabled : withOutage(enabled, { cause: "starting", fromMillis })
}

/** The camera is not to be recorded any more; what its run still wrote belongs to the enabled time. */
export const cameraDisabled = (ledger: Ledger, atMillis: number): Ledger => {
  const period = openPeriod(ledger)
  if (period === undefined) return ledger
  const accounted = accountedUntil(ledger, period.fromMillis)
  const isCutTail = openOutage(ledger) === undefined && atMillis - accounted <= tailMillis
  const toMillis = isCutTail ? accounted : Math.max(atMillis, accounted)
  const ended =
    openOutage(ledger) === undefined && !isCutTail
      ? withOutage(ledger, { cause: "unknown", fromMillis: accounted, toMillis })
      : withOutageEnded(ledger, atMillis)
  return {
    ...ended,
    periods: ended.periods.map((open) => (open === period ? { ...open, toMillis } : open)),
  }
}

/** A run of the camera has ended, or could not begin; called after the final summary of that run. */
export const outageBegan = (
  ledger: Ledger,
  cause: Cause,
  detail: string | null,
  atMillis: number,
): Ledger => {
  const period = openPeriod(ledger)
  if (period === undefined) return ledger
  const open = openOutage(ledger)
  if (open === undefined) {
    return withOutage(ledger, { cause, detail, fromMillis: accountedUntil(ledger, period.fromMillis) })
  }
  if (open.cause === cause) return ledger
  if (open.cause === "starting") {
    return mapOutages(ledger, (outage) => (outage === open ? { ...outage, cause, detail } : outage))
  }
  const fromMillis = Math.max(atMillis, outageSpan(ledger, open).fromMillis)
  return withOutage(withOutageEnded(ledger, fromMillis), { cause, detail, fromMillis })
}

const reported = (summary: SegmentSummary): LedgerSegment => ({
  ...summary,
  startedAtMillis: Math.round(summary.startedAtMillis),
  endedAtMillis: Math.round(Math.max(summary.startedAtMillis, summary.endedAtMillis)),
  holes: summary.holes.map(({ fromMillis, toMillis }) => ({
    fromMillis: Math.round(fromMillis),
    toMillis: Math.round(toMillis),
  })),
  isReported: true,
})

/** What a segment that nobody knew means for the time before it. */
const withNewSegment = (ledger: Ledger, segment: LedgerSegment): Ledger => {
  const added = { ...ledger, segments: [...ledger.segments, segment] }
  const isLiving = segment.state === "growing"
  const latest = latestSegment(ledger)
  const open = openOutage(ledger)
  if (open !== undefined) {
    // A finished file from before the outage, found late.
    if (!isLiving && segment.endedAtMillis <= outageSpan(ledger, open).fromMillis) return added
    const isRestOfEndedRun = !isLiving && segment.runId === latest?.runId
    return mapOutages(added, (outage) => {
      if (outage.before !== null || outage.after !== open.after) return outage
      return isRestOfEndedRun
        ? { ...outage, after: segment.filePath }
        : { ...outage, before: segment.filePath }
    })
  }
  const period = openPeriod(ledger)
  if (period === undefined || segment.runId === latest?.runId) return added
  const accounted = accountedUntil(ledger, period.fromMillis)
  if (segment.startedAtMillis - accounted <= touchMillis) return added
  const { outages } = withOutage(ledger, {
    cause: "unknown",
    fromMillis: accounted,
    before: segment.filePath,
  })
  return { ...added, outages }
}

const withKnownSegment = (ledger: Ledger, known: LedgerSegment, segment: LedgerSegment): Ledger => {
  const changed = {
    ...ledger,
    segments: ledger.segments.map((one) => (one === known ? segment : one)),
  }
  const wentOn = segment.state === "growing" && segment.endedAtMillis > known.endedAtMillis
  // The run was believed to have ended and goes on: what was missing is a hole of its file.
  return wentOn && openOutage(ledger) !== undefined
    ? mapOutages(changed, (outage) =>
        isUnended(outage) ? { ...outage, toMillis: outage.fromMillis } : outage,
      )
    : changed
}

/** What the disk says of a segment: a new one ends the outage before it, a known one grows or is corrected. */
export const segmentChanged = (ledger: Ledger, summary: SegmentSummary): Ledger => {
  const segment = reported(summary)
  const known = segmentAt(ledger, segment.filePath)
  return known === undefined ? withNewSegment(ledger, segment) : withKnownSegment(ledger, known, segment)
}

/**
 * The service starts again, after the files on disk were reported.
 *
 * Time that nothing covers and in which the service was not there is `service_down`; a run that went on
 * meanwhile leaves none. From now on the camera is `starting`.
 *
 * @param lastSeenMillis the last instant at which the earlier life was certainly there; null if unknown
 */
export const recovered = (ledger: Ledger, lastSeenMillis: number | null, nowMillis: number): Ledger => {
  const closed: Ledger = {
    ...ledger,
    segments: ledger.segments.map((segment) =>
      segment.isReported ? segment : { ...segment, state: "closed" },
    ),
  }
  const period = openPeriod(closed)
  if (period === undefined || isRecording(closed)) return closed
  const open = openOutage(closed)
  const begin =
    open === undefined ? accountedUntil(closed, period.fromMillis) : outageSpan(closed, open).fromMillis
  const seen = Math.max(begin, Math.min(lastSeenMillis ?? begin, nowMillis))
  const isLost = open === undefined && seen - begin > tailMillis
  const before = isLost
    ? withOutage(closed, { cause: "unknown", fromMillis: begin, toMillis: seen })
    : withOutageEnded(closed, seen)
  const downFrom = open === undefined && !isLost ? begin : seen
  const now = Math.max(nowMillis, downFrom)
  const down = withOutage(before, { cause: "service_down", fromMillis: downFrom, toMillis: now })
  return withOutage(down, { cause: "starting", fromMillis: now })
}
