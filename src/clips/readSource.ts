import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs"
import { join } from "node:path"
import type { FragmentRecord } from "../recorder/segments/fragmentRecord.ts"
import { type Knot, knotsOf } from "../recorder/segments/placement.ts"
import { errorCode } from "../domain/errorCode.ts"
import { readSegment } from "../recorder/segments/readSegment.ts"
import { openIndexPathOf, runDirectoryOf, settledIndexPathOf } from "../recorder/segments/runFiles.ts"
import { decodeIndex, type SegmentIndex } from "../recorder/segments/segmentIndex.ts"
import { Timeline } from "../recorder/segments/Timeline.ts"
import type { ClipSourceFile } from "../storage/Clips.ts"
import { compositionDelaySeconds } from "./compositionDelay.ts"
import { KnownFragments } from "./KnownFragments.ts"
import { type Codings, codingsOf } from "./sampleDescriptions.ts"

/** A recording as far as a clip of it needs to know it. */
export interface SourceSegment {
  readonly filePath: string
  readonly fragments: ReadonlyArray<FragmentRecord>
  /** What stands before its first fragment. */
  readonly headBytes: number
  /** Whether that is damaged: then no fragment can be read. */
  readonly hasDamagedHead: boolean
  /** Ascending in both times; between two knots they run evenly. */
  readonly knots: ReadonlyArray<Knot>
  readonly codings: Codings
  /** How much later than it is decoded a picture is shown: more than 0 with B-frames. */
  readonly delaySeconds: number
}

/**
 * Reads where the fragments of a recording are, and when: from its index, of a growing one too.
 *
 * The file itself is read as a whole only where its index does not reach to its end. `null` where it holds no whole
 * fragment, or is gone. Throws the error of any other system call.
 */
export const readSource = (
  recordingsDirectory: string,
  cameraId: number,
  file: ClipSourceFile,
): SourceSegment | null => {
  try {
    const found = fragmentsOf(recordingsDirectory, cameraId, file)
    if (found === null || found.fragments.length === 0) return null
    const head = readHead(join(recordingsDirectory, file.filePath), found.fragments)
    return { filePath: file.filePath, ...found, ...head }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null
    throw error
  }
}

const fragmentsOf = (
  recordingsDirectory: string,
  cameraId: number,
  { filePath, runId, segmentNumber }: ClipSourceFile,
): Pick<SourceSegment, "fragments" | "knots"> | null => {
  const path = join(recordingsDirectory, filePath)
  const runDirectory = runDirectoryOf(recordingsDirectory, cameraId, runId)
  const growing = runId === "" ? null : decodeIndexAt(openIndexPathOf(runDirectory, segmentNumber))
  // Settled meanwhile, unless the index of the run was there.
  const index = growing ?? decodeIndexAt(settledIndexPathOf(path))
  if (index !== null && (growing !== null || reachesEnd(path, index))) return ofIndex(index)
  const details = readSegment(recordingsDirectory, cameraId, filePath)
  const indexed = index === null ? null : { ...index, records: recordsWithin(path, index) }
  // Reading a file ends at damage; its index knows what lies behind.
  if (indexed !== null && indexed.records.length > (details?.fragments.length ?? 0)) return ofIndex(indexed)
  return details === null ? null : { fragments: details.fragments, knots: details.knots }
}

const ofIndex = (index: SegmentIndex): Pick<SourceSegment, "fragments" | "knots"> => ({
  fragments: index.records,
  knots: knotsOfIndex(index),
})

/** Of a file that was cut, what is left. */
const recordsWithin = (path: string, { records }: SegmentIndex): ReadonlyArray<FragmentRecord> => {
  const { size } = statSync(path)
  return records.filter(({ offset, sizeBytes }) => offset + sizeBytes <= size)
}

const decodeIndexAt = (path: string): SegmentIndex | null => {
  try {
    return decodeIndex(readFileSync(path, "utf8"))
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null
    throw error
  }
}

/** Whether after the last fragment that the index knows there is nothing but the table of fragments (`mfra`). */
const reachesEnd = (path: string, { records }: SegmentIndex): boolean => {
  const last = records.at(-1)
  if (last === undefined) return false
  const descriptor = openSync(path, "r")
  try {
    const end = last.offset + last.sizeBytes
    const { size } = fstatSync(descriptor)
    if (size === end) return true
    const bytes = Buffer.alloc(8)
    return readSync(descriptor, bytes, 0, 8, end) === 8 && bytes.toString("latin1", 4) === "mfra"
  } finally {
    closeSync(descriptor)
  }
}

const knotsOfIndex = ({ header, records, end }: SegmentIndex): ReadonlyArray<Knot> => {
  const knots: Array<Knot> = []
  const timeline = new Timeline(header.runStartedAtMillis, header.timeline, (placement, before) => {
    knots.push(...knotsOf(placement, before))
  })
  for (const record of records) timeline.add(record)
  if (end === "run_ended") timeline.endRun()
  timeline.nextFile(0)
  return knots
}

const readAt = (descriptor: number, offset: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset))
}

/** What the file says about itself before its first fragment, and in the first that can be read. */
const readHead = (
  path: string,
  fragments: ReadonlyArray<FragmentRecord>,
): Pick<SourceSegment, "headBytes" | "hasDamagedHead" | "codings" | "delaySeconds"> => {
  const headBytes = fragments[0]?.offset ?? 0
  const descriptor = openSync(path, "r")
  try {
    const known = new KnownFragments(
      (offset, length) => readAt(descriptor, offset, length),
      headBytes,
      fstatSync(descriptor).size,
    )
    const { movie } = known
    const readable = fragments.find((fragment) => known.read(fragment) !== null)
    return {
      headBytes,
      hasDamagedHead: movie === null,
      codings: codingsOf(readAt(descriptor, 0, headBytes)),
      delaySeconds:
        movie === null || readable === undefined
          ? 0
          : compositionDelaySeconds(readMovieFragment(descriptor, readable), movie),
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The `moof` of a fragment that can be read. */
const readMovieFragment = (descriptor: number, { offset }: FragmentRecord): DataView => {
  const moof = readAt(descriptor, offset, readAt(descriptor, offset, 4).readUInt32BE(0))
  return new DataView(moof.buffer, moof.byteOffset, moof.byteLength)
}
