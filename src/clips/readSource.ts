import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs"
import { join } from "node:path"
import { FragmentReader } from "../recorder/segments/FragmentReader.ts"
import type { FragmentRecord } from "../recorder/segments/fragmentRecord.ts"
import type { Movie } from "../recorder/segments/movieBox.ts"
import { type Knot, knotsOf } from "../recorder/segments/placement.ts"
import { errorCode } from "../recorder/segments/publishSegment.ts"
import { readSegment } from "../recorder/segments/readSegment.ts"
import { openIndexPathOf, runDirectoryOf, settledIndexPathOf } from "../recorder/segments/runFiles.ts"
import { decodeIndex, type SegmentIndex } from "../recorder/segments/segmentIndex.ts"
import { Timeline } from "../recorder/segments/Timeline.ts"
import type { ClipSourceFile } from "../storage/Clips.ts"
import { compositionDelaySeconds } from "./compositionDelay.ts"
import { type Codings, codingsOf } from "./sampleDescriptions.ts"

/** A recording as far as a clip of it needs to know it. */
export interface SourceSegment {
  readonly filePath: string
  readonly fragments: ReadonlyArray<FragmentRecord>
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
    const [first] = found?.fragments ?? []
    if (found === null || first === undefined) return null
    const head = readHead(join(recordingsDirectory, file.filePath), first)
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
  if (index !== null && (growing !== null || reachesEnd(path, index))) {
    return { fragments: index.records, knots: knotsOfIndex(index) }
  }
  const details = readSegment(recordingsDirectory, cameraId, filePath)
  return details === null ? null : { fragments: details.fragments, knots: details.knots }
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

/** A fragment's description is smaller than that: ten minutes of frames would take less. */
const mostDescriptionBytes = 4 * 1024 * 1024

const readAt = (descriptor: number, offset: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset))
}

/** What the file says about itself before its first fragment, and in that one. */
const readHead = (path: string, first: FragmentRecord): Pick<SourceSegment, "codings" | "delaySeconds"> => {
  const descriptor = openSync(path, "r")
  try {
    const head = readAt(descriptor, 0, first.offset)
    const moofBytes = readAt(descriptor, first.offset, 4)
    const sizeBytes = moofBytes.length === 4 ? moofBytes.readUInt32BE(0) : 0
    const moof = readAt(descriptor, first.offset, Math.min(sizeBytes, mostDescriptionBytes))
    const movie = movieOf(head)
    return {
      codings: codingsOf(head),
      delaySeconds: movie === null ? 0 : compositionDelaySeconds(viewOf(moof), movie),
    }
  } finally {
    closeSync(descriptor)
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const movieOf = (head: Buffer): Movie | null => {
  const reader = new FragmentReader((offset, length) => head.subarray(offset, offset + length))
  reader.advance(head.length, [])
  return reader.movie
}
