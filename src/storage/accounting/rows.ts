import type { Cause } from "../../domain/Cause.ts"
import { touchMillis } from "../../domain/coverage.ts"
import type { Span } from "../../domain/Segment.ts"
import { difference, intersection, union } from "../../domain/spans.ts"
import { type Ledger, type LedgerSegment, type Outage, outageSpan } from "./ledger.ts"

/** A row of `gaps`; `identity` names the fact it stands for, so that the row follows when its bounds move. */
export interface GapRow {
  readonly cameraId: number
  readonly identity: string
  readonly startMillis: number
  readonly endMillis: number | null
  readonly cause: Cause
  readonly detail: string | null
}

/** A row of `recordings` as the service writes it. */
export interface RecordingRow {
  readonly cameraId: number
  readonly filePath: string
  readonly startMillis: number
  readonly endMillis: number
  readonly sizeBytes: number
  readonly runId: string
  readonly segmentNumber: number
  readonly state: "growing" | "closed"
  readonly frames: number
  readonly missingFrames: number | null
  readonly lostPackets: number | null
  readonly damagedFramesAtMost: number | null
  readonly fragments: number
  readonly videoCodec: string
  readonly audio: "none" | "missing" | "recorded"
}

/** A row of `enabled_periods`; its camera and start are its identity. */
export interface PeriodRow {
  readonly cameraId: number
  readonly startMillis: number
  readonly endMillis: number | null
}

/** Everything a ledger says to the database, by identity. */
export interface LedgerRows {
  readonly recordings: ReadonlyMap<string, RecordingRow>
  readonly gaps: ReadonlyMap<string, GapRow>
  readonly periods: ReadonlyMap<string, PeriodRow>
}

const neighbour = (ledger: Ledger, segment: LedgerSegment, distance: 1 | -1): LedgerSegment | undefined =>
  ledger.segments.find(({ runId, number }) => runId === segment.runId && number === segment.number + distance)

const isTouching = (earlier: LedgerSegment, later: LedgerSegment): boolean =>
  Math.abs(later.startedAtMillis - earlier.endedAtMillis) <= touchMillis

const recordingRow = (ledger: Ledger, segment: LedgerSegment): RecordingRow => {
  const next = neighbour(ledger, segment, 1)
  const endMillis =
    next !== undefined && isTouching(segment, next) ? next.startedAtMillis : segment.endedAtMillis
  return {
    cameraId: ledger.cameraId,
    filePath: segment.filePath,
    startMillis: segment.startedAtMillis,
    endMillis: Math.max(segment.startedAtMillis, endMillis),
    sizeBytes: segment.sizeBytes,
    runId: segment.runId,
    segmentNumber: segment.number,
    state: segment.state,
    frames: segment.frames,
    missingFrames: segment.missingFrames,
    lostPackets: segment.lostPackets,
    damagedFramesAtMost: segment.damagedFramesAtMost,
    fragments: segment.fragments,
    videoCodec: segment.videoSampleEntry,
    audio: segment.audio,
  }
}

const holeRows = (cameraId: number, segment: LedgerSegment): ReadonlyArray<GapRow> => {
  const whole = { fromMillis: segment.startedAtMillis, toMillis: segment.endedAtMillis }
  return union(segment.holes.map((hole) => intersection(hole, whole))).map(
    ({ fromMillis, toMillis }, index) => ({
      cameraId,
      identity: `hole/${segment.filePath}/${index}`,
      startMillis: fromMillis,
      endMillis: toMillis,
      cause: "no_frames",
      detail: null,
    }),
  )
}

/** The row of a fact where no file covers its time; should files split it, each further part is a row of its own. */
const uncovered = (
  ledger: Ledger,
  fact: Omit<GapRow, "startMillis" | "endMillis">,
  span: Span,
): ReadonlyArray<GapRow> => {
  const files = ledger.segments.map(({ startedAtMillis, endedAtMillis }) => ({
    fromMillis: startedAtMillis,
    toMillis: endedAtMillis,
  }))
  return difference([span], union(files, touchMillis)).map(({ fromMillis, toMillis }, part) => ({
    ...fact,
    identity: part === 0 ? fact.identity : `${fact.identity}/part/${part}`,
    startMillis: fromMillis,
    endMillis: Number.isFinite(toMillis) ? toMillis : null,
  }))
}

/** Between adjacent segments of one run that do not touch, unless an outage accounts for the time already. */
const betweenRows = (ledger: Ledger, segment: LedgerSegment): ReadonlyArray<GapRow> => {
  const previous = neighbour(ledger, segment, -1)
  if (previous === undefined || ledger.outages.some(({ before }) => before === segment.filePath)) return []
  const distanceMillis = segment.startedAtMillis - previous.endedAtMillis
  if (distanceMillis <= touchMillis) return []
  const isClockStep = segment.clockStepMillis > 0 && distanceMillis - segment.clockStepMillis <= touchMillis
  const fact = {
    cameraId: ledger.cameraId,
    identity: `between/${segment.filePath}`,
    cause: isClockStep ? "clock_step" : "no_frames",
    detail: null,
  } as const
  return uncovered(ledger, fact, { fromMillis: previous.endedAtMillis, toMillis: segment.startedAtMillis })
}

const outageRows = (ledger: Ledger, outage: Outage): ReadonlyArray<GapRow> => {
  const { identity, cause, detail } = outage
  return uncovered(ledger, { cameraId: ledger.cameraId, identity, cause, detail }, outageSpan(ledger, outage))
}

/** The rows that stand for what a ledger knows. */
export const rowsOf = (ledger: Ledger): LedgerRows => {
  const { cameraId } = ledger
  const gaps = [
    ...ledger.segments.flatMap((segment) => holeRows(cameraId, segment)),
    ...ledger.segments.flatMap((segment) => betweenRows(ledger, segment)),
    ...ledger.outages.flatMap((outage) => outageRows(ledger, outage)),
  ]
  return {
    recordings: new Map(ledger.segments.map((segment) => [segment.filePath, recordingRow(ledger, segment)])),
    gaps: new Map(gaps.map((gap) => [gap.identity, gap])),
    periods: new Map(
      ledger.periods.map(({ fromMillis, toMillis }) => [
        `${cameraId}/${fromMillis}`,
        { cameraId, startMillis: fromMillis, endMillis: toMillis },
      ]),
    ),
  }
}
