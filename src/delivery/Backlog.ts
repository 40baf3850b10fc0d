import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AlertKind, Notification } from "../domain/Alert.ts"
import { makeDiskTurn } from "./DiskTurn.ts"
import { steadyMillis } from "../domain/steadyMillis.ts"
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
  /** Itself: as long as the disk does not have it, and while not too many wait: the disk may hang. */
  held: Notification | null
  isOnDisk: boolean
  /** Counts the changes that its file has to follow. */
  revision: number
  /** Whether who sent it was told that the disk does not have it, and will send it again. */
  isSentAgain: boolean
}

/** What does not work, and since when (Unix milliseconds); free of secrets. */
export interface Fault {
  readonly sinceMillis: number
  readonly error: string
}

/** The notifications on their way, oldest first: on disk, and in memory what the disk does not take. */
export interface Backlog {
  /** From now on the couriers of `wanting` find it; null where it is over already. */
  add(notification: Notification, wanting: ReadonlyArray<string>): Effect.Effect<Waiting | null>
  /** Waits for the disk, 3 s at most, and answers whether a crash may come now; if not, it is to be added again. */
  keep(waiting: Waiting): Effect.Effect<boolean>
  first(receiver: string, isDue: (waiting: Waiting) => boolean): Waiting | undefined
  has(id: string): boolean
  /** Null where it is over, also because its file is gone or unusable. */
  read(waiting: Waiting): Effect.Effect<Notification | null, OutboxFault>
  /** The receiver has it, or will never get it; waits for the disk, 3 s at most. */
  done(waiting: Waiting, receiver: string): Effect.Effect<void>
  size(): number
  /** What the disk does not do; null while it does all. */
  fault(): Fault | null
}

export interface BacklogLimits {
  /** On disk and in memory. */
  readonly mostWaiting: number
  /** In memory: more are on disk alone, or dropped where it does not take them. */
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
  /** Over before the disk had them, and going to be sent again. */
  const over = new Set<string>()
  const disk = yield* makeDiskTurn
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
    item.isOnDisk = true
    if (items.size > limits.mostHeld) item.held = null
  })

  const settled = Effect.fnUntraced(function* (item: Waiting, revision: number) {
    if (item.revision !== revision) return
    unsettled.delete(item)
    if (fault === null || unsettled.size > 0) return
    fault = null
    yield* Effect.logInfo("the outbox is on disk again")
  })

  const notSettled = Effect.fnUntraced(function* (item: Waiting, error: OutboxFault) {
    unsettled.add(item)
    if (fault !== null) {
      fault = { ...fault, error: error.message }
      return
    }
    fault = { sinceMillis: yield* Clock.currentTimeMillis, error: error.message }
    yield* Effect.logError(`${error.message}; notifications are kept in memory until it can`)
  })

  /** Answers whether the disk did it; else it is tried again later, or goes on where the disk hangs. */
  const trySettle = (item: Waiting): Effect.Effect<boolean> =>
    disk
      .ask(
        Effect.suspend(() => {
          const { revision } = item
          return Effect.andThen(settle(item), () => settled(item, revision))
        }),
      )
      .pipe(
        Effect.as(true),
        Effect.catch((error) => Effect.as(notSettled(item, error), false)),
      )

  /** Not offered any more. */
  const end = (item: Waiting): void => {
    item.held = null
    if (items.delete(item.id) && item.isSentAgain) over.add(item.id)
  }

  const drop = Effect.fnUntraced(function* (item: Waiting, why: string) {
    yield* Effect.logError(`notification ${item.id} (${item.kind}) was dropped: ${why}`)
    end(item)
    item.missing.clear()
    item.revision += 1
    yield* trySettle(item)
  })

  const dropTooMany = Effect.gen(function* () {
    const [oldest] = items.values()
    if (items.size > limits.mostWaiting && oldest !== undefined) {
      yield* drop(oldest, `more than ${limits.mostWaiting} are waiting`)
    }
    const held = [...unsettled].filter((item) => items.has(item.id) && !item.isOnDisk)
    if (held.length > limits.mostHeld && held[0] !== undefined) {
      yield* drop(held[0], `more than ${limits.mostHeld} wait for the disk`)
    }
  })

  const add = Effect.fnUntraced(function* (notification: Notification, wanting: ReadonlyArray<string>) {
    const { id, kind } = notification
    if (!safeId.test(id)) return yield* Effect.die(new Error("the id of a notification must be a UUID"))
    if (over.delete(id)) return null
    const known = items.get(id)
    if (known !== undefined) return known
    const item: Waiting = {
      id,
      kind,
      sequence: nextSequence,
      sinceMillis: yield* steadyMillis,
      missing: new Set(wanting),
      held: notification,
      isOnDisk: false,
      revision: 0,
      isSentAgain: false,
    }
    nextSequence += 1
    items.set(id, item)
    return item
  })

  const isSafe = (item: Waiting): boolean => item.isOnDisk || item.missing.size === 0

  const keep = Effect.fnUntraced(function* (item: Waiting) {
    if (!isSafe(item) && !unsettled.has(item)) yield* trySettle(item)
    yield* dropTooMany
    item.isSentAgain = !isSafe(item)
    return !item.isSentAgain
  })

  const retry = Effect.gen(function* () {
    for (const item of unsettled) {
      if (!(yield* trySettle(item))) return
    }
  })

  const left = yield* outbox.load.pipe(Effect.catch((error) => Effect.as(Effect.logError(error.message), [])))
  const startedMillis = yield* steadyMillis
  for (const parcel of left.toSorted((one, other) => one.sequence - other.sequence)) {
    const { id, kind } = parcel.notification
    nextSequence = Math.max(nextSequence, parcel.sequence + 1)
    const item: Waiting = {
      id,
      kind,
      sequence: parcel.sequence,
      sinceMillis: startedMillis,
      missing: new Set(receivers.filter((receiver) => !parcel.deliveredTo.includes(receiver))),
      held: items.size < limits.mostHeld ? parcel.notification : null,
      isOnDisk: true,
      revision: 0,
      isSentAgain: false,
    }
    if (item.missing.size === 0) yield* trySettle(item)
    else items.set(id, item)
    yield* dropTooMany
  }
  yield* Effect.sleep(limits.diskRetryMillis).pipe(Effect.andThen(retry), Effect.forever, Effect.forkScoped)

  return {
    add,
    keep,
    first: (receiver, isDue) => {
      for (const item of items.values()) {
        if (item.missing.has(receiver) && isDue(item)) return item
      }
      return undefined
    },
    has: (id) => items.has(id),
    read: Effect.fnUntraced(function* (item) {
      const notification = item.held ?? (yield* disk.ask(outbox.read(item.id)))?.notification
      if (notification !== undefined) return notification
      if (items.has(item.id))
        yield* Effect.logError(`notification ${item.id} (${item.kind}) is lost: its file is gone`)
      end(item)
      return null
    }),
    done: Effect.fnUntraced(function* (item, receiver) {
      item.missing.delete(receiver)
      item.revision += 1
      if (item.missing.size === 0) end(item)
      yield* trySettle(item)
    }),
    size: () => items.size,
    fault: () => fault,
  }
})
