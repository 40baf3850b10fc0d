import type { Span } from "../domain/Segment.ts"
import type { Coding, Codings } from "./sampleDescriptions.ts"

/** A stretch of a recording in wall time, and how it is coded. */
export interface CodedSpan extends Span {
  readonly codings: Codings
}

/**
 * Why the pieces cannot be one clip, where their codings differ: a track has one, and players take no second.
 *
 * Only H.264 may change its parameters, which can be put before each keyframe. A piece without sound is no change.
 */
export const codingChange = (pieces: ReadonlyArray<CodedSpan>): string | null => {
  let sound: Coding | null = null
  for (const [index, one] of pieces.entries()) {
    const { video, audio } = one.codings
    const before = pieces[index - 1]
    if (before === undefined) {
      sound = audio
      continue
    }
    const former = before.codings.video
    if (!areOneTrack(former, video)) return changeText("video", former, video, before, one)
    if (audio !== null && sound !== null && audio.configuration !== sound.configuration) {
      return changeText("sound", sound, audio, before, one)
    }
    sound ??= audio
  }
  return null
}

const areOneTrack = (one: Coding | null, other: Coding | null): boolean =>
  one?.configuration === other?.configuration || (one?.name === "H.264" && other?.name === "H.264")

/** The recordings may overlap, where our clock was set back: then what is before and what is behind do not touch. */
const changeText = (
  track: string,
  from: Coding | null,
  to: Coding | null,
  before: Span,
  after: Span,
): string => {
  const name = from?.name === to?.name ? "another form of it" : (to?.name ?? "none")
  const change = new Date(after.fromMillis).toISOString()
  const resume = new Date(Math.max(before.toMillis, after.fromMillis)).toISOString()
  return `the ${track} changes from ${from?.name ?? "none"} to ${name} at ${change}: ask for a clip up to ${change} and one from ${resume} on`
}
