import { closeSync, fstatSync, openSync } from "node:fs"
import { join } from "node:path"
import type { Span } from "../domain/Segment.ts"
import { intersection } from "../domain/spans.ts"
import type { Fragment } from "../recorder/segments/FragmentReader.ts"
import type { FragmentRecord } from "../recorder/segments/fragmentRecord.ts"
import { ReadBuffer } from "../recorder/segments/ReadBuffer.ts"
import { intactParts } from "./intactParts.ts"
import { KnownFragments } from "./KnownFragments.ts"
import {
  type ClipImpossible,
  type ClipLayout,
  type ClipPiece,
  planClip,
  type PlanRequest,
} from "./planClip.ts"
import type { SourceSegment } from "./readSource.ts"

/** How a clip is made of what can be read. */
export interface ClipPlan extends ClipLayout {
  /** Pictures in the pieces, those that are hidden too. */
  readonly frames: number
  /** Wall time of what is recorded and cannot be read. */
  readonly damaged: ReadonlyArray<Span>
}

/** Where a damaged stretch of a recording stands in wall time. */
interface DamagedSpan extends Span {
  readonly filePath: string
}

/** FFmpeg would stop at the first fragment that it cannot read, and say nothing of what follows. */
class ReadablePlan {
  readonly #directory: string
  readonly #sources: ReadonlyMap<string, SourceSegment>
  readonly #request: PlanRequest
  readonly #buffer = new ReadBuffer()
  readonly #checked = new Set<FragmentRecord>()
  readonly #damaged = new Set<FragmentRecord>()

  constructor(directory: string, sources: ReadonlyArray<SourceSegment>, request: PlanRequest) {
    this.#directory = directory
    this.#sources = new Map(sources.map((source) => [source.filePath, source]))
    this.#request = request
  }

  make(): ClipPlan | ClipImpossible | null {
    for (;;) {
      const cut = [...this.#sources.values()].map((source) => ({
        filePath: source.filePath,
        ...intactParts(source, (fragment) => source.hasDamagedHead || this.#damaged.has(fragment)),
      }))
      const layout = planClip(
        cut.flatMap(({ parts }) => parts),
        this.#request,
      )
      const damaged = cut.flatMap((one) => one.damaged.map((span) => ({ ...span, filePath: one.filePath })))
      if (layout === null) return this.#impossible(damaged)
      if ("reason" in layout) return layout
      if (!this.#findsDamage(layout.pieces)) return this.#conclude(layout, damaged)
    }
  }

  /** Whether any fragment of these pieces, of those that were not looked at before, is damaged. */
  #findsDamage(pieces: ReadonlyArray<ClipPiece>): boolean {
    const before = this.#damaged.size
    for (const piece of pieces) {
      const wanted = this.#fragmentsOf(piece).filter(
        (fragment) =>
          fragment.offset >= piece.fromByte && fragment.offset < piece.toByte && !this.#checked.has(fragment),
      )
      for (const [index, fragment] of this.#read(piece, wanted).entries()) {
        const record = wanted[index]
        if (record === undefined) continue
        this.#checked.add(record)
        if (fragment === null) this.#damaged.add(record)
      }
    }
    return this.#damaged.size > before
  }

  #conclude(layout: ClipLayout, damaged: ReadonlyArray<DamagedSpan>): ClipPlan {
    const frames = layout.pieces.reduce((sum, piece) => sum + this.#framesIn(piece), 0)
    return {
      ...layout,
      frames,
      damaged: damaged.map(({ fromMillis, toMillis }) => ({ fromMillis, toMillis })),
    }
  }

  #framesIn(piece: ClipPiece): number {
    const { fromSeconds, toSeconds } = piece
    const fragments = this.#fragmentsOf(piece).filter(
      ({ mediaStartSeconds }) => mediaStartSeconds >= fromSeconds && mediaStartSeconds < toSeconds,
    )
    const cut = fragments.filter(({ mediaEndSeconds }) => mediaEndSeconds > toSeconds)
    const whole = fragments.filter(({ mediaEndSeconds }) => mediaEndSeconds <= toSeconds)
    return (
      whole.reduce((sum, { frames }) => sum + frames, 0) +
      this.#read(piece, cut).reduce((sum, one) => sum + (one === null ? 0 : framesUntil(one, toSeconds)), 0)
    )
  }

  #fragmentsOf({ filePath }: ClipPiece): ReadonlyArray<FragmentRecord> {
    return this.#sources.get(filePath)?.fragments ?? []
  }

  #read(
    { filePath, headBytes }: ClipPiece,
    records: ReadonlyArray<FragmentRecord>,
  ): ReadonlyArray<Fragment | null> {
    const descriptor = openSync(join(this.#directory, filePath), "r")
    try {
      const { size } = fstatSync(descriptor)
      const known = new KnownFragments(this.#buffer.readerOf(descriptor), headBytes, size)
      return records.map((record) => known.read(record))
    } finally {
      closeSync(descriptor)
    }
  }

  #impossible(damaged: ReadonlyArray<DamagedSpan>): ClipImpossible | null {
    const [first] = damaged.flatMap((span) => {
      const { fromMillis, toMillis } = intersection(span, this.#request)
      return fromMillis < toMillis ? [{ fromMillis, toMillis, filePath: span.filePath }] : []
    })
    if (first === undefined) return null
    const [from, to] = [first.fromMillis, first.toMillis].map((millis) => new Date(millis).toISOString())
    return { reason: `nothing of this range can be read: ${first.filePath} is damaged from ${from} to ${to}` }
  }
}

/** Pictures of a fragment that are decoded before a media time. */
const framesUntil = ({ mediaStartSeconds, frameIntervalsSeconds }: Fragment, toSeconds: number): number => {
  let frames = 0
  for (let at = mediaStartSeconds; frames < frameIntervalsSeconds.length && at < toSeconds; frames += 1) {
    at += frameIntervalsSeconds[frames] ?? 0
  }
  return frames
}

/**
 * `planClip` for what of the recordings can be read: damaged fragments are left out, and told.
 *
 * Looks at the header of each fragment that the clip needs, and at nothing else. Throws the error of a system call,
 * `ENOENT` where a recording has gone.
 */
export const planReadable = (
  recordingsDirectory: string,
  sources: ReadonlyArray<SourceSegment>,
  request: PlanRequest,
): ClipPlan | ClipImpossible | null => new ReadablePlan(recordingsDirectory, sources, request).make()
