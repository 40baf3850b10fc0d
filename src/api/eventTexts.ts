import * as Effect from "effect/Effect"
import { steadyMillis } from "../domain/steadyMillis.ts"
import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import type { EventJournal } from "../events/EventJournal.ts"
import type { JournalEntry } from "../events/EventRing.ts"
import { eventAnswer } from "./eventAnswer.ts"
import { type HealthSamples, noSamples } from "./healthSamples.ts"

const heartbeatMillis = 15_000

/** For a client to wait before it connects again. */
const retryMillis = 3_000

/** So few that what waits for a client which takes nothing is some ten kilobytes. */
const entriesAtOnce = 128

/** After events up to the newest: in a flood a client is told ten texts a second of many events, not one of each. */
const pauseMillis = 100

/** Many clients are told the same: each event is put into words once. */
const blocks = new WeakMap<JournalEntry, string>()

const blockOf = (entry: JournalEntry): string => {
  const known = blocks.get(entry)
  if (known !== undefined) return known
  const block = `id: ${entry.id}\nevent: ${entry.event.type}\ndata: ${eventAnswer(entry)}\n\n`
  blocks.set(entry, block)
  return block
}

const missedBlock = (missed: number | null, id: string): string =>
  `id: ${id}\nevent: missed\ndata: ${JSON.stringify({ missed })}\n\n`

/** What a client wants to be told. */
export interface EventTextsOptions {
  readonly journal: EventJournal["Service"]
  /** Of the last event that it has; null: it wants what comes from now on. */
  readonly afterId: string | null
  readonly isWanted: (event: VigiaEvent) => boolean
  /** None unless the client asked for them. */
  readonly samples?: HealthSamples
}

/**
 * What one client is told, as server-sent events (WHATWG); run again for each next text, it waits until there is one.
 *
 * A text is some events, how many were missed, or a heartbeat. That has an id, too: who wants few events is not told
 * that the others were missed.
 */
export const eventTexts = ({
  journal,
  afterId,
  isWanted,
  samples = noSamples,
}: EventTextsOptions): Effect.Effect<string> => {
  let readId = afterId ?? journal.lastId()
  let opening: string | null = `retry: ${retryMillis}\n${afterId === null ? `id: ${readId}\n` : ""}\n`
  let heartbeatAtMillis = 0
  let isFollowing = false

  const news = Effect.gen(function* () {
    if (isFollowing) yield* Effect.sleep(pauseMillis)
    isFollowing = false
    for (;;) {
      const { entries, missed, fromId, lastId } = journal.read(readId, entriesAtOnce)
      readId = lastId
      const told = entries.filter(({ event }) => isWanted(event)).map(blockOf)
      if (missed !== 0) told.unshift(missedBlock(missed, fromId))
      const sampled = yield* samples.next
      if (sampled !== null) told.push(sampled)
      if (told.length > 0) {
        isFollowing = entries.length < entriesAtOnce
        return told.join("")
      }
      const leftMillis = heartbeatAtMillis - (yield* steadyMillis)
      if (leftMillis <= 0) return `: heartbeat\nid: ${readId}\n\n`
      const newerEvents = journal.newerThan(readId)
      const newer = samples === noSamples ? newerEvents : Effect.raceFirst(newerEvents, samples.newer)
      if (entries.length === 0) yield* Effect.timeoutOption(newer, leftMillis)
      else if (entries.length < entriesAtOnce) yield* Effect.sleep(Math.min(pauseMillis, leftMillis))
    }
  })

  return Effect.gen(function* () {
    const text = opening ?? (yield* news)
    opening = null
    heartbeatAtMillis = (yield* steadyMillis) + heartbeatMillis
    return text
  })
}
