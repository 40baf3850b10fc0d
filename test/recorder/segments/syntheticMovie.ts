/** Writes fragmented mp4 by hand: FFmpeg's layout, with any times a test wants. */

const uint32 = (...values: ReadonlyArray<number>): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4)
  return bytes
}

const uint64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** One box: size, type, body. */
export const box = (type: string, ...body: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(body)
  return Buffer.concat([uint32(content.length + 8), Buffer.from(type, "latin1"), content])
}

export const timescale = 90_000

const track = (id: number, handler: string, entry: string): Buffer =>
  box(
    "trak",
    box("tkhd", uint32(3, 0, 0, id, 0, 0), Buffer.alloc(60)),
    box(
      "mdia",
      box("mdhd", uint32(0, 0, 0, timescale, 0, 0)),
      box("hdlr", uint32(0, 0), Buffer.from(handler, "latin1"), Buffer.alloc(13)),
      box("minf", box("stbl", box("stsd", uint32(0, 1), box(entry, Buffer.alloc(8))))),
    ),
  )

/** `ftyp` and `moov` of a file with a video track (1) and, if asked, an audio track (2). */
export const movieStart = (withAudio = false, videoEntry = "avc1"): Buffer => {
  const trackExtends = (id: number) => box("trex", uint32(0, id, 1, 0, 0, 0))
  return Buffer.concat([
    box("ftyp", Buffer.from("iso5")),
    box(
      "moov",
      box("mvhd", Buffer.alloc(100)),
      track(1, "vide", videoEntry),
      ...(withAudio ? [track(2, "soun", "mp4a")] : []),
      box("mvex", trackExtends(1), ...(withAudio ? [trackExtends(2)] : [])),
    ),
  ])
}

export interface SyntheticFragment {
  readonly startSeconds: number
  readonly intervalsSeconds: ReadonlyArray<number>
  readonly isKey?: boolean
  readonly audioSamples?: number
}

const toUnits = (seconds: number): number => Math.round(seconds * timescale)

const trackRun = (id: number, decodeTime: number, durations: ReadonlyArray<number>, isKey: boolean): Buffer =>
  box(
    "traf",
    box("tfhd", uint32(0x02_0000, id)),
    box("tfdt", uint32(0x0100_0000), uint64(decodeTime)),
    box(
      "trun",
      uint32(0x305, durations.length, 0, isKey ? 0x0200_0000 : 0x0101_0000),
      ...durations.map((duration) => uint32(duration, 10)),
    ),
  )

/** One `moof` and `mdat`; every sample has 10 bytes. */
export const movieFragment = (fragment: SyntheticFragment): Buffer => {
  const { startSeconds, intervalsSeconds, isKey = true, audioSamples = 0 } = fragment
  const start = toUnits(startSeconds)
  const tracks: Array<Buffer> = []
  if (intervalsSeconds.length > 0) {
    tracks.push(trackRun(1, start, intervalsSeconds.map(toUnits), isKey))
  }
  const audioDurations = Array.from({ length: audioSamples }, () => toUnits(0.064))
  if (audioSamples > 0) tracks.push(trackRun(2, start, audioDurations, true))
  const samples = intervalsSeconds.length + audioSamples
  return Buffer.concat([
    box("moof", box("mfhd", uint32(0, 1)), ...tracks),
    box("mdat", Buffer.alloc(10 * samples, 0xa5)),
  ])
}

/** A fragment of a second at 25 frames a second. */
export const secondAt = (startSeconds: number, audioSamples = 0): Buffer =>
  movieFragment({
    startSeconds,
    intervalsSeconds: Array.from({ length: 25 }, () => 0.04),
    audioSamples,
  })
