import type { SegmentSummary } from "../../domain/Segment.ts"
import type { Ledger, LedgerSegment, Outage } from "./ledger.ts"
import type { GapRow, PeriodRow, RecordingRow } from "./rows.ts"

/** What the database knows of one camera that may still change: the last segments, and the gaps since then. */
export interface LedgerSeed {
  readonly cameraId: number
  /** The switch of the camera; false also for one that was removed. */
  readonly isEnabled: boolean
  readonly recordings: ReadonlyArray<RecordingRow>
  readonly gaps: ReadonlyArray<GapRow>
  readonly periods: ReadonlyArray<PeriodRow>
}

const segmentOf = (row: RecordingRow, gaps: ReadonlyArray<GapRow>): LedgerSegment => {
  const clockStep = gaps.find(
    ({ identity, cause }) => identity === `between/${row.filePath}` && cause === "clock_step",
  )
  const summary: SegmentSummary = {
    cameraId: row.cameraId,
    runId: row.runId,
    number: row.segmentNumber,
    filePath: row.filePath,
    state: row.state,
    startedAtMillis: row.startMillis,
    endedAtMillis: row.endMillis,
    sizeBytes: row.sizeBytes,
    fragments: row.fragments,
    frames: row.frames,
    missingFrames: row.missingFrames,
    lostPackets: row.lostPackets,
    damagedFramesAtMost: row.damagedFramesAtMost,
    videoSampleEntry: row.videoCodec,
    audio: row.audio,
    holes: gaps
      .filter(({ identity }) => identity.startsWith(`hole/${row.filePath}/`))
      .map(({ startMillis, endMillis }) => ({ fromMillis: startMillis, toMillis: endMillis ?? startMillis })),
    clockStepMillis: clockStep === undefined ? 0 : (clockStep.endMillis ?? 0) - clockStep.startMillis,
  }
  return { ...summary, isReported: false }
}

/** Outages are tied again to the segments beside them, whose bounds a repair may still correct. */
const outageOf = (row: GapRow, segments: ReadonlyArray<LedgerSegment>): Outage => {
  const beside = segments.toReversed()
  const after =
    row.endMillis === null
      ? beside.find(({ endedAtMillis }) => endedAtMillis <= row.startMillis)
      : beside.find(({ endedAtMillis }) => endedAtMillis === row.startMillis)
  const before = beside.find(({ startedAtMillis }) => startedAtMillis === row.endMillis)
  return {
    identity: row.identity,
    cause: row.cause,
    detail: row.detail,
    fromMillis: row.startMillis,
    toMillis: before === undefined ? row.endMillis : null,
    after: after?.filePath ?? null,
    before: before?.filePath ?? null,
  }
}

/** The ledger that an earlier life of the service left behind. */
export const ledgerFrom = (seed: LedgerSeed): Ledger => {
  const segments = seed.recordings
    .toSorted((a, b) => a.startMillis - b.startMillis)
    .map((row) => segmentOf(row, seed.gaps))
  return {
    cameraId: seed.cameraId,
    segments,
    outages: seed.gaps
      .filter(({ identity }) => identity.startsWith("outage/"))
      .toSorted((a, b) => a.startMillis - b.startMillis)
      .map((row) => outageOf(row, segments)),
    periods: seed.periods
      .toSorted((a, b) => a.startMillis - b.startMillis)
      .map(({ startMillis, endMillis }) => ({ fromMillis: startMillis, toMillis: endMillis })),
    settledUntilMillis: null,
  }
}
