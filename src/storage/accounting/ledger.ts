import type { Cause } from "../../domain/Cause.ts"
import type { SegmentSummary, Span } from "../../domain/Segment.ts"

/** A time in which the camera was to be recorded; `toMillis` is null while it still is. */
export interface EnabledPeriod {
  readonly fromMillis: number
  readonly toMillis: number | null
}

/**
 * A time without a run that records, as it was noticed.
 *
 * Its bounds follow the segments beside it while their measured bounds still move: it begins no earlier than
 * the end of `after` and ends no later than the start of `before` (both paths of segments).
 */
export interface Outage {
  readonly identity: string
  readonly cause: Cause
  readonly detail: string | null
  readonly fromMillis: number
  /** Null while nothing but a segment can end it. */
  readonly toMillis: number | null
  readonly after: string | null
  readonly before: string | null
}

/** A segment as last reported; `isReported` is false for what only the database told. */
export interface LedgerSegment extends SegmentSummary {
  readonly isReported: boolean
}

/**
 * What is known of one camera and may still change: its last segments, outages and periods.
 *
 * Older facts are settled in the database; a ledger does not grow with time.
 */
export interface Ledger {
  readonly cameraId: number
  readonly periods: ReadonlyArray<EnabledPeriod>
  /** In the order in which they were first reported. */
  readonly segments: ReadonlyArray<LedgerSegment>
  /** In order of time. */
  readonly outages: ReadonlyArray<Outage>
  /** End of the coverage by segments that are settled already. */
  readonly settledUntilMillis: number | null
}

export const emptyLedger = (cameraId: number): Ledger => ({
  cameraId,
  periods: [],
  segments: [],
  outages: [],
  settledUntilMillis: null,
})

export const openPeriod = (ledger: Ledger): EnabledPeriod | undefined =>
  ledger.periods.find(({ toMillis }) => toMillis === null)

export const segmentAt = (ledger: Ledger, filePath: string | null): LedgerSegment | undefined =>
  ledger.segments.find((segment) => segment.filePath === filePath)

/** The segment that reaches furthest. */
export const latestSegment = (ledger: Ledger): LedgerSegment | undefined =>
  ledger.segments.reduce<LedgerSegment | undefined>(
    (latest, segment) =>
      latest === undefined || segment.endedAtMillis >= latest.endedAtMillis ? segment : latest,
    undefined,
  )

/** The end of everything recorded, or null when nothing ever was. */
export const coveredUntil = (ledger: Ledger): number | null =>
  ledger.segments.reduce<number | null>(
    (until, { endedAtMillis }) => Math.max(until ?? endedAtMillis, endedAtMillis),
    ledger.settledUntilMillis,
  )

/** Outages since the last segment, or since the camera was enabled; the last of them may be open. */
export const isUnended = (outage: Outage): boolean => outage.before === null && outage.toMillis === null

export const openOutage = (ledger: Ledger): Outage | undefined => ledger.outages.find(isUnended)

/** Where an outage lies now; `toMillis` is infinite while it is open, and not after `fromMillis` when it vanished. */
export const outageSpan = (ledger: Ledger, outage: Outage): Span => ({
  fromMillis: Math.max(outage.fromMillis, segmentAt(ledger, outage.after)?.endedAtMillis ?? -Infinity),
  toMillis: Math.min(
    outage.toMillis ?? Infinity,
    segmentAt(ledger, outage.before)?.startedAtMillis ?? Infinity,
  ),
})

const keptSegments = 6
const keptOutages = 8
const keptPeriods = 2

const withoutOldest = <Item>(
  items: ReadonlyArray<Item>,
  kept: number,
  mayGo: (item: Item) => boolean,
): ReadonlyArray<Item> => {
  const oldest = items.length > kept ? items.findIndex(mayGo) : -1
  return oldest < 0 ? items : withoutOldest(items.toSpliced(oldest, 1), kept, mayGo)
}

/** Forgets facts that cannot change any more; what refers to them keeps the bounds that it had. */
export const settled = (ledger: Ledger): Ledger => {
  const { segments: all, outages: noticed, periods } = ledger
  if (all.length <= keptSegments && noticed.length <= keptOutages && periods.length <= keptPeriods) {
    return ledger
  }
  const segments = withoutOldest(ledger.segments, keptSegments, ({ state }) => state === "closed")
  const isKept = (filePath: string | null): boolean =>
    segments.some((segment) => segment.filePath === filePath)
  const outages = ledger.outages.map((outage) => {
    const { fromMillis, toMillis } = outageSpan(ledger, outage)
    return {
      ...outage,
      ...(isKept(outage.after) ? {} : { after: null, fromMillis }),
      ...(outage.before === null || isKept(outage.before) ? {} : { before: null, toMillis }),
    }
  })
  const gone = ledger.segments.filter(({ filePath }) => !isKept(filePath))
  return {
    ...ledger,
    segments,
    outages: withoutOldest(outages, keptOutages, (outage) => !isUnended(outage)),
    periods: ledger.periods.slice(-keptPeriods),
    settledUntilMillis: coveredUntil({ ...ledger, segments: gone }),
  }
}
