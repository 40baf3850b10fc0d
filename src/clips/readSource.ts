import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs"
import { join } from "node:path"
import { readBoxHeader, readChildBoxes } from "../recorder/segments/boxReader.ts"
import type { FragmentRecord } from "../recorder/segments/fragmentRecord.ts"
import { type Knot, knotsOf } from "../recorder/segments/placement.ts"
import { errorCode } from "../recorder/segments/publishSegment.ts"
import { readSegment } from "../recorder/segments/readSegment.ts"
import { openIndexPathOf, runDirectoryOf, settledIndexPathOf } from "../recorder/segments/runFiles.ts"
import { decodeIndex, type SegmentIndex } from "../recorder/segments/segmentIndex.ts"
import { Timeline } from "../recorder/segments/Timeline.ts"
import type { ClipSourceFile } from "../storage/Clips.ts"

/** A recording as far as a clip of it needs to know it. */
export interface SourceSegment {
  readonly filePath: string
  readonly fragments: ReadonlyArray<FragmentRecord>
  /** Ascending in both times; between two knots they run evenly. */
  readonly knots: ReadonlyArray<Knot>
  /** How its samples are to be decoded: equal texts, equal decoders. */
  readonly sampleDescriptions: string
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
    const head = readHead(join(recordingsDirectory, file.filePath), first.offset)
    return { filePath: file.filePath, ...found, sampleDescriptions: sampleDescriptionsOf(head) }
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

const readHead = (path: string, sizeBytes: number): Buffer => {
  const descriptor = openSync(path, "r")
  try {
    const head = Buffer.alloc(sizeBytes)
    return head.subarray(0, readSync(descriptor, head, 0, sizeBytes, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** Boxes on the way to the sample descriptions (ISO/IEC 14496-12, 8.5.2). */
const wayDown: ReadonlySet<string> = new Set(["moov", "trak", "mdia", "minf", "stbl"])

const sampleDescriptionsOf = (head: Buffer): string => {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const found: Array<string> = []
  const search = (from: number, to: number): void => {
    for (const { type, bodyOffset, endOffset } of readChildBoxes(view, from, to) ?? []) {
      if (type === "stsd") found.push(head.toString("hex", bodyOffset, endOffset))
      else if (wayDown.has(type)) search(bodyOffset, endOffset)
    }
  }
  for (let offset = 0; offset < head.length;) {
    const header = readBoxHeader(view, offset)
    if (header === "incomplete" || header === "damaged") break
    if (header.type === "moov") search(offset, Math.min(head.length, offset + header.sizeBytes))
    offset += header.sizeBytes
  }
  return found.join(" ")
}
