import type { FragmentRecord } from "./fragmentRecord.ts"
import type { Stretch } from "./FrameCadence.ts"
import type { FragmentLoss, PacketLossState } from "./PacketLoss.ts"
import type { ArrivalKind, TimelineState } from "./timelineContract.ts"

/** First line of an index: what its segment is, and the state in which its run entered it. */
export interface SegmentHeader {
  readonly version: 1
  readonly runId: string
  readonly number: number
  readonly cameraId: number
  /** Where the segment is published, or was about to be; relative to the recordings directory. */
  readonly filePath: string
  /** Inode of the empty file that holds the name, where the file system knows no hard links. */
  readonly reservedInode: number | null
  readonly runStartedAtMillis: number | null
  readonly clockStepMillis: number
  readonly wallMinusMonotonicMillis: number
  readonly nominalSeconds: number
  readonly timeline: TimelineState | null
  /** `null` where lost packets are not told: on TCP, and by versions that did not count them. */
  readonly packetLoss: PacketLossState | null
}

/** Why a segment ended. */
export type SegmentEnd = "next_file" | "run_ended"

/** What an index file says. */
export interface SegmentIndex {
  readonly header: SegmentHeader
  readonly records: ReadonlyArray<FragmentRecord>
  /** `null` while the segment is not settled. */
  readonly end: SegmentEnd | null
  /** Length of the lines that were understood. */
  readonly wholeBytes: number
}

const arrivalKinds: ReadonlyArray<ArrivalKind> = ["observed", "bound", "hint"]

/** Writes the header as a line. */
export const encodeHeader = (header: SegmentHeader): string => `${JSON.stringify(header)}\n`

/** Writes a fragment as a line: an array, since there is one each second. */
export const encodeRecord = (record: FragmentRecord): string => {
  const line = [
    record.offset,
    record.sizeBytes,
    record.mediaStartSeconds,
    record.mediaEndSeconds,
    record.arrivalMillis,
    record.frames,
    record.startsWithKeyframe ? 1 : 0,
    record.audioSamples,
    record.nominalSeconds,
    record.missingFrames,
    record.irregularFrames,
    arrivalKinds.indexOf(record.arrivalKind),
    ...record.stretches.map((stretch) => [stretch.atSeconds, stretch.mediaSeconds, stretch.squeezedFrames]),
    ...encodeExtras(record),
  ]
  return `${JSON.stringify(line)}\n`
}

/** What few fragments have, as an object at the end of the line; nothing for most. */
const encodeExtras = ({ nominalSeconds, lastIntervalSeconds, loss }: FragmentRecord) => {
  const isUsual = lastIntervalSeconds === nominalSeconds
  if (isUsual && loss === null) return []
  return [
    {
      ...(isUsual ? {} : { last: lastIntervalSeconds }),
      ...(loss === null ? {} : { loss: [loss.lostPackets, loss.damagedFramesAtMost, loss.logBytes] }),
    },
  ]
}

/** Writes the last line of a settled segment. */
export const encodeEnd = (end: SegmentEnd): string => `${JSON.stringify({ end })}\n`

/**
 * Reads an index; `null` where even its header cannot be.
 *
 * Stops at the first line that is cut, damaged or does not continue the one before it.
 */
export const decodeIndex = (text: string): SegmentIndex | null => {
  const headerEnd = text.indexOf("\n") + 1
  const header = decodeHeader(parseLine(text.slice(0, headerEnd)))
  if (header === null) return null
  const records: Array<FragmentRecord> = []
  let end: SegmentEnd | null = null
  let from = headerEnd
  for (let to = text.indexOf("\n", from) + 1; to > 0; to = text.indexOf("\n", from) + 1) {
    const line = parseLine(text.slice(from, to))
    const record = decodeRecord(line)
    const previous = records.at(-1)
    if (record !== null) {
      if (previous !== undefined && record.offset < previous.offset + previous.sizeBytes) break
      records.push(record)
    } else {
      end = decodeEnd(line)
      if (end === null) break
    }
    from = to
    if (end !== null) break
  }
  return { header, records, end, wholeBytes: Buffer.byteLength(text.slice(0, from)) }
}

const parseLine = (line: string): unknown => {
  if (!line.endsWith("\n")) return null
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const decodeRecord = (line: unknown): FragmentRecord | null => {
  if (!Array.isArray(line)) return null
  const fields: ReadonlyArray<unknown> = line
  const [offset, sizeBytes, mediaStartSeconds, mediaEndSeconds, arrivalMillis, ...rest] = fields
  const [frames, key, audioSamples, nominalSeconds, missingFrames, irregularFrames, kind] = rest
  const arrivalKind = isNumber(kind) ? arrivalKinds[kind] : undefined
  const extras = extrasOf(rest.at(-1))
  const stretches = decodeStretches(rest.slice(7, extras === null ? undefined : -1))
  if (!isNumber(offset) || !isNumber(sizeBytes) || sizeBytes <= 0) return null
  if (!isNumber(mediaStartSeconds) || !isNumber(mediaEndSeconds)) return null
  if (!isNumber(frames) || !isNumber(audioSamples) || !isNumber(nominalSeconds)) return null
  if (!isNumber(missingFrames) || !isNumber(irregularFrames)) return null
  if (arrivalKind === undefined || stretches === null) return null
  if (arrivalMillis !== null && !isNumber(arrivalMillis)) return null
  return {
    offset,
    sizeBytes,
    mediaStartSeconds,
    mediaEndSeconds,
    arrivalMillis,
    arrivalKind,
    frames,
    startsWithKeyframe: key === 1,
    audioSamples,
    nominalSeconds,
    missingFrames,
    irregularFrames,
    stretches,
    lastIntervalSeconds:
      extras !== null && "last" in extras && isNumber(extras.last) ? extras.last : nominalSeconds,
    loss: decodeLoss(extras),
  }
}

const extrasOf = (field: unknown): object | null =>
  typeof field === "object" && field !== null && !Array.isArray(field) ? field : null

const decodeLoss = (extras: object | null): FragmentLoss | null => {
  if (extras === null || !("loss" in extras)) return null
  const [lostPackets, damagedFramesAtMost, logBytes] = isNumbers(extras.loss) ? extras.loss : []
  if (lostPackets === undefined || damagedFramesAtMost === undefined || logBytes === undefined) return null
  return { lostPackets, damagedFramesAtMost, logBytes }
}

const decodeStretches = (fields: ReadonlyArray<unknown>): Array<Stretch> | null => {
  const stretches: Array<Stretch> = []
  for (const field of fields) {
    if (!isNumbers(field)) return null
    const [atSeconds, mediaSeconds, squeezedFrames] = field
    if (atSeconds === undefined || mediaSeconds === undefined || squeezedFrames === undefined) return null
    stretches.push({ atSeconds, mediaSeconds, squeezedFrames })
  }
  return stretches
}

const decodeEnd = (line: unknown): SegmentEnd | null => {
  if (typeof line !== "object" || line === null || !("end" in line)) return null
  return line.end === "next_file" || line.end === "run_ended" ? line.end : null
}

const decodeHeader = (line: unknown): SegmentHeader | null => {
  if (typeof line !== "object" || line === null) return null
  if (!("version" in line) || line.version !== 1) return null
  if (!("runId" in line) || !("number" in line) || !("cameraId" in line)) return null
  if (!("filePath" in line) || !("reservedInode" in line) || !("runStartedAtMillis" in line)) return null
  if (!("clockStepMillis" in line) || !("wallMinusMonotonicMillis" in line)) return null
  if (!("nominalSeconds" in line) || !("timeline" in line)) return null
  const { version, runId, filePath, number, cameraId, reservedInode, runStartedAtMillis } = line
  const { clockStepMillis, wallMinusMonotonicMillis, nominalSeconds } = line
  const timeline = line.timeline === null ? null : decodeTimeline(line.timeline)
  if (timeline === undefined) return null
  if (typeof runId !== "string" || typeof filePath !== "string") return null
  if (!isNumber(number) || !isNumber(cameraId) || !isNumber(clockStepMillis)) return null
  if (!isNumber(wallMinusMonotonicMillis) || !isNumber(nominalSeconds)) return null
  if (!isNumberOrNull(reservedInode) || !isNumberOrNull(runStartedAtMillis)) return null
  return {
    version,
    runId,
    number,
    cameraId,
    filePath,
    reservedInode,
    runStartedAtMillis,
    clockStepMillis,
    wallMinusMonotonicMillis,
    nominalSeconds,
    timeline,
    packetLoss: "packetLoss" in line ? decodePacketLoss(line.packetLoss) : null,
  }
}

const decodePacketLoss = (value: unknown): PacketLossState | null => {
  if (typeof value !== "object" || value === null) return null
  if (!("logBytes" in value) || !("isDamaged" in value) || !("damagedUntilSeconds" in value)) return null
  const { logBytes, isDamaged, damagedUntilSeconds } = value
  if (!isNumber(logBytes) || typeof isDamaged !== "boolean" || !isNumber(damagedUntilSeconds)) return null
  return { logBytes, isDamaged, damagedUntilSeconds }
}

const decodeTimeline = (value: unknown): TimelineState | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  if (!("trueMillis" in value) || !("offsetMillis" in value) || !("endMillis" in value)) return undefined
  if (!("residuals" in value) || !("pendingResiduals" in value)) return undefined
  const { trueMillis, offsetMillis, endMillis, residuals, pendingResiduals } = value
  if (!isNumber(trueMillis) || !isNumberOrNull(offsetMillis) || !isNumberOrNull(endMillis)) return undefined
  if (!isNumbers(residuals) || !isNumbers(pendingResiduals)) return undefined
  return { trueMillis, offsetMillis, residuals, pendingResiduals, endMillis }
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

const isNumberOrNull = (value: unknown): value is number | null => value === null || isNumber(value)

const isNumbers = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.every(isNumber)
