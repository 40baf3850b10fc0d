import { closeSync, fstatSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { SegmentSummary } from "../../domain/Segment.ts"
import { FrameCadence } from "./FrameCadence.ts"
import type { Fragment } from "./FragmentReader.ts"
import { FragmentReader } from "./FragmentReader.ts"
import { cadenceAfter, recordFragment } from "./fragmentRecord.ts"
import type { FragmentRecord } from "./fragmentRecord.ts"
import { knotsOf } from "./placement.ts"
import type { Knot } from "./placement.ts"
import { errorCode } from "../../domain/errorCode.ts"
import { ReadBuffer } from "./ReadBuffer.ts"
import { settledIndexPathOf } from "./runFiles.ts"
import { decodeIndex } from "./segmentIndex.ts"
import { SegmentTally } from "./SegmentTally.ts"
import { Timeline } from "./Timeline.ts"

/** A published segment with its fragments and the way from media time to wall time. */
export interface SegmentDetails {
  readonly summary: SegmentSummary
  readonly fragments: ReadonlyArray<FragmentRecord>
  /** Ascending in both times; between two knots they run evenly. */
  readonly knots: ReadonlyArray<Knot>
}

/**
 * Reads a published segment: the file, and its index for the times.
 *
 * `indexPath` is needed only while the segment is not settled. Without an index the file's `mtime` is
 * its end, `runId` is empty and `number` 0. `null` where the file holds no whole fragment. Throws
 * the error of a system call, `ENOENT` where the file is gone.
 */
export const readSegment = (
  recordingsDirectory: string,
  cameraId: number,
  filePath: string,
  indexPath: string = settledIndexPathOf(join(recordingsDirectory, filePath)),
): SegmentDetails | null => {
  const index = decodeIndexAt(indexPath)
  const { fragments, endMillis, movie } = readFragments(join(recordingsDirectory, filePath))
  const header = index?.header ?? {
    cameraId,
    runId: "",
    number: 0,
    filePath,
    clockStepMillis: 0,
    runStartedAtMillis: null,
    timeline: null,
    nominalSeconds: 0,
  }
  const knots: Array<Knot> = []
  const timeline = new Timeline(header.runStartedAtMillis, header.timeline, (placement, before) => {
    knots.push(...knotsOf(placement, before))
  })
  const indexed = index?.records ?? []
  const records = mergeRecords(fragments, indexed, header.nominalSeconds, endMillis)
  const tally = new SegmentTally()
  for (const record of records) {
    tally.add(record)
    timeline.add(record)
  }
  if (records.length === 0) return null
  if (index?.end === "run_ended") timeline.endRun()
  const state = index === null || index.end !== null ? "closed" : "growing"
  const summary = tally.summarize(header, state, timeline, movie)
  timeline.nextFile(0)
  return { summary, fragments: records, knots }
}

/** Wall time (Unix milliseconds) of a media time of the segment (seconds). */
export const wallMillisAt = (knots: ReadonlyArray<Knot>, mediaSeconds: number): number | null => {
  let low = 0
  let high = knots.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((knots[middle]?.mediaSeconds ?? 0) <= mediaSeconds) low = middle
    else high = middle - 1
  }
  const from = knots[low]
  if (from === undefined) return null
  const to = knots[low + 1] ?? from
  const span = to.mediaSeconds - from.mediaSeconds
  const share = span > 0 ? Math.max(0, mediaSeconds - from.mediaSeconds) / span : 0
  return from.wallMillis + share * (to.wallMillis - from.wallMillis)
}

/** The index knows arrivals; the file knows what came after the index was cut. */
const mergeRecords = (
  fragments: ReadonlyArray<Fragment>,
  indexed: ReadonlyArray<FragmentRecord>,
  nominalSeconds: number,
  endMillis: number,
): ReadonlyArray<FragmentRecord> => {
  const whole = indexed.filter((record, index) => fragments[index]?.offset === record.offset)
  const last = whole.at(-1)
  const cadence = last === undefined ? new FrameCadence(nominalSeconds) : cadenceAfter(last)
  const rest = fragments.slice(whole.length)
  return whole.concat(
    rest.map((fragment, index) =>
      recordFragment(fragment, cadence, index === rest.length - 1 ? endMillis : null, "hint"),
    ),
  )
}

const readFragments = (path: string) => {
  const descriptor = openSync(path, "r")
  try {
    const { size, mtimeMs } = fstatSync(descriptor)
    const reader = new FragmentReader(new ReadBuffer().readerOf(descriptor))
    const fragments: Array<Fragment> = []
    reader.advance(size, fragments)
    return { fragments, endMillis: mtimeMs, movie: reader.movie }
  } finally {
    closeSync(descriptor)
  }
}

const decodeIndexAt = (path: string) => {
  try {
    return decodeIndex(readFileSync(path, "utf8"))
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null
    throw error
  }
}
