import { boxType, readChildBoxes } from "./boxReader.ts"
import type { Box } from "./boxReader.ts"

/** Defaults of a track for samples that a fragment does not describe itself (`trex`). */
export interface SampleDefaults {
  readonly duration: number
  readonly sizeBytes: number
  readonly flags: number
}

/** A track as the `moov` box describes it. */
export interface Track {
  readonly id: number
  /** `vide`, `soun`, ... */
  readonly handler: string
  /** Units per second of the track's times. */
  readonly timescale: number
  /** First sample entry: `avc1`, `hvc1`, `mp4a`, ...; empty where there is none. */
  readonly sampleEntry: string
  readonly defaults: SampleDefaults
}

/** What every fragment of a file needs to know from its `moov`. */
export interface Movie {
  readonly tracks: ReadonlyMap<number, Track>
  readonly video: Track | null
  readonly audio: Track | null
}

const noDefaults: SampleDefaults = { duration: 0, sizeBytes: 0, flags: 0 }

/** Parses the body of a `moov` box (ISO/IEC 14496-12, 8.2.1); `null` where it is damaged or has no track. */
export const parseMovie = (view: DataView, bodyOffset: number, endOffset: number): Movie | null => {
  const boxes = readChildBoxes(view, bodyOffset, endOffset)
  if (boxes === null) return null
  const defaults = new Map<number, SampleDefaults>()
  for (const box of boxes) {
    if (box.type === "mvex" && !readTrackDefaults(view, box, defaults)) return null
  }
  const tracks = new Map<number, Track>()
  for (const box of boxes) {
    if (box.type !== "trak") continue
    const track = parseTrack(view, box, defaults)
    if (track === null || tracks.has(track.id)) return null
    tracks.set(track.id, track)
  }
  if (tracks.size === 0) return null
  const withHandler = (handler: string) =>
    [...tracks.values()].find((track) => track.handler === handler) ?? null
  return { tracks, video: withHandler("vide"), audio: withHandler("soun") }
}

const readTrackDefaults = (view: DataView, extends_: Box, defaults: Map<number, SampleDefaults>): boolean => {
  const boxes = readChildBoxes(view, extends_.bodyOffset, extends_.endOffset)
  if (boxes === null) return false
  for (const { type, bodyOffset, endOffset } of boxes) {
    if (type !== "trex") continue
    if (endOffset - bodyOffset < 24) return false
    defaults.set(view.getUint32(bodyOffset + 4), {
      duration: view.getUint32(bodyOffset + 12),
      sizeBytes: view.getUint32(bodyOffset + 16),
      flags: view.getUint32(bodyOffset + 20),
    })
  }
  return true
}

const parseTrack = (
  view: DataView,
  trak: Box,
  defaults: ReadonlyMap<number, SampleDefaults>,
): Track | null => {
  const header = childOf(view, trak, "tkhd")
  const media = childOf(view, trak, "mdia")
  if (header === null || media === null) return null
  const mediaHeader = childOf(view, media, "mdhd")
  const handler = childOf(view, media, "hdlr")
  if (mediaHeader === null || handler === null) return null

  const id = readVersionedField(view, header)
  const timescale = readVersionedField(view, mediaHeader)
  if (id === null || timescale === null || timescale === 0) return null
  if (handler.endOffset - handler.bodyOffset < 12) return null
  return {
    id,
    handler: boxType(view, handler.bodyOffset + 8),
    timescale,
    sampleEntry: readSampleEntry(view, media),
    defaults: defaults.get(id) ?? noDefaults,
  }
}

/** The field after the two times of `tkhd` (track id) and `mdhd` (timescale); their width depends on the version. */
const readVersionedField = (view: DataView, box: Box): number | null => {
  if (box.endOffset - box.bodyOffset < 24) return null
  return view.getUint32(box.bodyOffset + (view.getUint8(box.bodyOffset) === 1 ? 20 : 12))
}

const readSampleEntry = (view: DataView, media: Box): string => {
  const information = childOf(view, media, "minf")
  const table = information === null ? null : childOf(view, information, "stbl")
  const descriptions = table === null ? null : childOf(view, table, "stsd")
  if (descriptions === null || descriptions.endOffset - descriptions.bodyOffset < 16) return ""
  return boxType(view, descriptions.bodyOffset + 12)
}

const childOf = (view: DataView, parent: Box, type: string): Box | null =>
  readChildBoxes(view, parent.bodyOffset, parent.endOffset)?.find((box) => box.type === type) ?? null
