import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { AlertKind, Notification } from "../domain/Alert.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Outbox, OutboxFault } from "./Outbox.ts"

/** A notification that a receiver lacks. */
export interface Waiting {
  readonly id: string
  readonly kind: AlertKind
  readonly sequence: number
  /** Of the monotonic clock: when this life of the service began to deliver it. */
  readonly sinceMillis: number
  /** The names of the receivers that lack it. */
  readonly missing: Set<string>
  /** Itself, as long as the disk does not have it. */
  held: Notification | null
}

export interface Fault {
  readonly sinceMillis: number
  readonly error: string
}

/** The notifications on their way, oldest first: on disk, and in memory what the disk does not take. */
export interface Backlog {
  /** Returns once it is on the medium, or in memory where the disk does not take it. */
  add(notification: Notification): Effect.Effect<void>
  first(receiver: string, isDue: (waiting: Waiting) => boolean): Waiting | undefined
  has(id: string): boolean
  /** Null where its file is gone or unusable: it is over then. */
  read(waiting: Waiting): Effect.Effect<Notification | null, OutboxFault>
  /** The receiver has it, or will never get it. */
  done(waiting: Waiting, receiver: string): Effect.Effect<void>
  size(): number
  /** What the disk does not do; null while it does all. */
  fault(): Fault | null
}

export interface BacklogLimits {
  /** On disk and in memory. */
  readonly mostWaiting: number
  /** In memory, while the disk does not take them. */
  readonly mostHeld: number
  readonly diskRetryMillis: number
}

const safeId = /^[A-Za-z0-9-]{1,64}$/

/** Takes up what an earlier life left for these receivers, and goes on from there. */
export const makeBacklog = Effect.fnUntraced(function* (
  outbox: Outbox["Service"],
  receivers: ReadonlyArray<string>,
  limits: BacklogLimits,
): Effect.fn.Return<Backlog, never, Scope.Scope> {
  const items = new Map<string, Waiting>()
  /** Whose file is not yet as it should be. */
  const unsettled = new Set<Waiting>()
  const oneAtATime = yield* Semaphore.make(1)
  let nextSequence = 1
  let fault: Fault | null = null

  /** Brings the file in line with the memory. */
  const settle = Effect.fnUntraced(function* (item: Waiting) {
    if (item.missing.size === 0) return yield* outbox.remove(item.id)
    const notification = item.held ?? (yield* outbox.read(item.id))?.notification
    if (notification === undefined) return
    yield* outbox.write({
      sequence: item.sequence,
      deliveredTo: receivers.filter((receiver) => !item.missing.has(receiver)),
      notification,
    })
    item.held = null
  })

  const settled = Effect.fnUntraced(function* (item: Waiting) {
    unsettled.delete(item)
    if (fault === null || unsettled.size > 0) return
    fault = null
    yield* Effect.logInfo("the outbox is on disk again")
  })

  const notSettled = Effect.fnUntraced(function* (item: Waiting, error: OutboxFault) {
    unsettled.add(item)
    if (fault !== null) return
    fault = { sinceMillis: yield* Clock.currentTimeMillis, error: error.message }
    yield* Effect.logError(`${error.message}; notifications are kept in memory until it can`)
  })

  /** Answers whether the disk did it; else it is tried again later. */
  const trySettle = (item: Waiting): Effect.Effect<boolean> =>
    Effect.matchEffect(settle(item), {
      onFailure: (error) => Effect.as(notSettled(item, error), false),
      onSuccess: () => Effect.as(settled(item), true),
    })

  const drop = Effect.fnUntraced(function* (item: Waiting, why: string) {
    yield* Effect.logError(`notification ${item.id} (${item.kind}) was dropped: ${why}`)
    items.delete(item.id)
    item.missing.clear()
    item.held = null
    yield* trySettle(item)
  })

  const dropTooMany = Effect.gen(function* () {
    const [oldest] = items.values()
    if (items.size > limits.mostWaiting && oldest !== undefined) {
      yield* drop(oldest, `more than ${limits.mostWaiting} are waiting`)
    }
    const held = [...unsettled].filter((item) => item.held !== null)
    if (held.length > limits.mostHeld && held[0] !== undefined) {
      yield* drop(held[0], `more than ${limits.mostHeld} wait for the disk`)
    }
  })

  const addNow = Effect.fnUntraced(function* (notification: Notification) {
    const { id, kind } = notification
    if (!safeId.test(id)) return yield* Effect.die(new Error("the id of a notification must be a UUID"))
    if (items.has(id)) return
    const item: Waiting = {
      id,
      kind,
      sequence: nextSequence,
      sinceMillis: yield* monotonicMillis,
      missing: new Set(receivers),
      held: notification,
    }
    nextSequence += 1
    yield* trySettle(item)
    items.set(id, item)
    yield* dropTooMany
  })

  const alone = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    oneAtATime.withPermit(Effect.uninterruptible(effect))

  const retry = Effect.gen(function* () {
    for (const item of unsettled) {
      if (!(yield* alone(trySettle(item)))) return
    }
  })

  const left = yield* outbox.load.pipe(Effect.catch((error) => Effect.as(Effect.logError(error.message), [])))
  const startedMillis = yield* monotonicMillis
  for (const parcel of left.toSorted((one, other) => one.sequence - other.sequence)) {
    const { id, kind } = parcel.notification
    nextSequence = Math.max(nextSequence, parcel.sequence + 1)
    const item: Waiting = {
      id,
      kind,
      sequence: parcel.sequence,
      sinceMillis: startedMillis,
      missing: new Set(receivers.filter((receiver) => !parcel.deliveredTo.includes(receiver))),
      held: null,
    }
    if (item.missing.size === 0) yield* trySettle(item)
    else items.set(id, item)
    yield* dropTooMany
  }
  yield* Effect.sleep(limits.diskRetryMillis).pipe(Effect.andThen(retry), Effect.forever, Effect.forkScoped)

  return {
    add: (notification) => alone(addNow(notification)),
    first: (receiver, isDue) => {
      for (const item of items.values()) {
        if (item.missing.has(receiver) && isDue(item)) return item
      }
      return undefined
    },
    has: (id) => items.has(id),
    read: Effect.fnUntraced(function* (item) {
      const notification = item.held ?? (yield* outbox.read(item.id))?.notification
      if (notification !== undefined) return notification
      if (items.delete(item.id))
        yield* Effect.logError(`notification ${item.id} (${item.kind}) is lost: its file is gone`)
      return null
    }),
    done: (item, receiver) =>
      alone(
        Effect.suspend(() => {
          item.missing.delete(receiver)
          if (item.missing.size === 0) items.delete(item.id)
          return Effect.asVoid(trySettle(item))
        }),
      ),
    size: () => items.size,
    fault: () => fault,
  }
})
