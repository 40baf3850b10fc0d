import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import { EventRing, type JournalReading } from "./EventRing.ts"

/** Some hours of a service with 50 cameras, and a few megabytes. */
const keptEvents = 10_000

/**
 * The one place where what happens is published and read: the last 10,000 events of this life of the service.
 *
 * Readers hold an id each and nothing here: however many there are, and however slow, publishing costs the same.
 */
export class EventJournal extends Context.Service<
  EventJournal,
  {
    /** Never fails and never waits; readers hear of it in a later turn of the event loop. */
    readonly publish: (event: VigiaEvent) => void
    /** At most `limit` events after that of `afterId`, the oldest that are kept first; null: from the oldest. */
    readonly read: (afterId: string | null, limit: number) => JournalReading
    /** Of the newest event: who reads after it hears only what comes. */
    readonly lastId: () => string
    /** Completes when `read` has something to say after this id. */
    readonly newerThan: (id: string) => Effect.Effect<void>
  }
>()("vigia/events/EventJournal") {
  static readonly layer: Layer.Layer<EventJournal> = Layer.effect(
    EventJournal,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const ring = new EventRing(randomBytes(8).toString("hex"), keptEvents)
      let next: Deferred.Deferred<void> | null = null

      /** Once for all that is published in one turn: a flood wakes nobody more than once. */
      const wake = (waiting: Deferred.Deferred<void>): void => {
        next = null
        setImmediate(() => Deferred.doneUnsafe(waiting, Effect.void))
      }

      return EventJournal.of({
        publish: (event) => {
          ring.add(event, clock.currentTimeMillisUnsafe())
          if (next !== null) wake(next)
        },
        read: (afterId, limit) => ring.read(afterId, limit),
        lastId: () => ring.lastId,
        newerThan: (id) =>
          Effect.suspend(() => {
            if (id !== ring.lastId) return Effect.void
            next ??= Deferred.makeUnsafe<void>()
            return Deferred.await(next)
          }),
      })
    }),
  )
}
