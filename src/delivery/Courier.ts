import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type { Backlog, Fault, Waiting } from "./Backlog.ts"
import { steadyMillis } from "../domain/steadyMillis.ts"
import type { OutboxFault } from "./Outbox.ts"
import type { Receiver } from "./Receiver.ts"
import { retryDelayMillis } from "./retryDelay.ts"
import { WebhookFault, type Webhooks } from "./Webhooks.ts"

/** For so long a notification is tried; counted by the monotonic clock, and anew in each life of the service. */
const giveUpMillis = 7 * 86_400_000
const day = 86_400_000
/** After so many failures in a row the notification itself may be what the receiver fails at. */
const suspectAfter = 5

/** Brings notifications to one receiver, one at a time, in order. */
export interface Courier {
  /** Delivers for ever. */
  readonly run: Effect.Effect<never>
  /** There may be something new. */
  readonly wake: Effect.Effect<void>
  /** Why the receiver lacks something; null while all is well. */
  fault(): Fault | null
  totals(): DeliveryTotals
}

/** Of this life of the service. */
export interface DeliveryTotals {
  /** Requests that were taken: one for each notification and receiver. */
  readonly delivered: number
  /** Requests that were not. */
  readonly failed: number
}

interface Refusal extends Fault {
  readonly failures: number
  /** Of the monotonic clock. */
  readonly untilMillis: number
}

/**
 * A courier for a receiver.
 *
 * A receiver that cannot be reached, or is out of order, gets the oldest notification again until it takes it. One
 * that refuses a notification for what it holds, or fails at it but not at the next, gets the others meanwhile.
 */
export const makeCourier = Effect.fnUntraced(function* (
  receiver: Receiver,
  backlog: Backlog,
  webhooks: Webhooks["Service"],
) {
  const signals = yield* Queue.sliding<void>(1)
  const refusals = new Map<string, Refusal>()
  /** Refused since the last that was taken: a receiver that refuses everything is not asked all the time. */
  const refusedInARow = new Set<string>()
  /** What failed since the receiver was reached last, and is not tried instead of another. */
  const suspects = new Set<string>()
  let failures = 0
  let untilMillis = 0
  let failing: Fault | null = null
  let totals: DeliveryTotals = { delivered: 0, failed: 0 }

  const delay = Effect.fnUntraced(function* (count: number, askedMillis: number | null) {
    return retryDelayMillis(count, yield* Random.next, askedMillis)
  })

  const reached = Effect.gen(function* () {
    failures = 0
    untilMillis = 0
    suspects.clear()
    if (failing === null) return
    const seconds = Math.round(((yield* Clock.currentTimeMillis) - failing.sinceMillis) / 1000)
    failing = null
    yield* Effect.logInfo(`receiver ${receiver.name} answers again after ${seconds} s`)
  })

  /** The others pass it; it is tried on its own. */
  const setAside = Effect.fnUntraced(function* (item: Waiting, error: string) {
    const nowMillis = yield* steadyMillis
    const earlier = refusals.get(item.id)
    const count = (earlier?.failures ?? 0) + 1
    refusals.set(item.id, {
      sinceMillis: earlier?.sinceMillis ?? (yield* Clock.currentTimeMillis),
      error,
      failures: count,
      untilMillis: nowMillis + (yield* delay(count, null)),
    })
    refusedInARow.add(item.id)
    if (refusedInARow.size > 1) untilMillis = nowMillis + (yield* delay(refusedInARow.size - 1, null))
    if (earlier === undefined) {
      yield* Effect.logWarning(
        `receiver ${receiver.name} refuses notification ${item.id} (${item.kind}): ${error}`,
      )
    }
  })

  const failed = Effect.fnUntraced(function* ({ message, askedMillis }: WebhookFault) {
    failures += 1
    untilMillis = (yield* steadyMillis) + (yield* delay(failures, askedMillis))
    if (failing !== null) {
      failing = { ...failing, error: message }
      return
    }
    failing = { sinceMillis: yield* Clock.currentTimeMillis, error: message }
    yield* Effect.logWarning(
      `receiver ${receiver.name} takes no notifications: ${message}; it is tried again`,
    )
  })

  const finish = Effect.fnUntraced(function* (item: Waiting) {
    refusals.delete(item.id)
    refusedInARow.delete(item.id)
    yield* backlog.done(item, receiver.name)
  })

  const giveUp = Effect.fnUntraced(function* (item: Waiting) {
    if ((yield* steadyMillis) - item.sinceMillis < giveUpMillis) return
    yield* Effect.logError(
      `notification ${item.id} (${item.kind}) was dropped: receiver ${receiver.name} did not take it for ${giveUpMillis / day} days`,
    )
    yield* finish(item)
  })

  /** Answers whether it was sent; it is not where it is over already. */
  const deliver = Effect.fnUntraced(function* (item: Waiting) {
    const notification = yield* backlog.read(item)
    if (notification === null) return false
    yield* webhooks.post(receiver, notification)
    totals = { ...totals, delivered: totals.delivered + 1 }
    yield* reached
    refusedInARow.clear()
    yield* finish(item)
    return true
  })

  /** A bug in one try must not end all delivery. */
  const attempt = (item: Waiting) =>
    deliver(item).pipe(
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError("a notification cannot be sent", Cause.die(defect)),
          Effect.fail(new WebhookFault({ message: "internal error", isRefusal: true, askedMillis: null })),
        ),
      ),
      Effect.tapError(() =>
        Effect.sync(() => {
          totals = { ...totals, failed: totals.failed + 1 }
        }),
      ),
    )

  const firstDue = (nowMillis: number, isMeant: (id: string) => boolean) =>
    backlog.first(receiver.name, ({ id }) => isMeant(id) && (refusals.get(id)?.untilMillis ?? 0) <= nowMillis)

  /** What is about this one alone: answers whether it was. */
  const isRefused = Effect.fnUntraced(function* (item: Waiting, error: WebhookFault | OutboxFault) {
    if (error._tag === "WebhookFault") {
      if (error.isRefusal) yield* reached
      else if (!refusals.has(item.id) || error.askedMillis !== null) return false
    }
    yield* setAside(item, error.message)
    return true
  })

  /** Whether the receiver takes another one in the instant in which it did not take this one. */
  const takesAnother = Effect.gen(function* () {
    const other = firstDue(yield* steadyMillis, (id) => !suspects.has(id))
    if (other === undefined) {
      suspects.clear()
      return false
    }
    suspects.add(other.id)
    return yield* attempt(other).pipe(Effect.catch((error) => Effect.as(isRefused(other, error), false)))
  })

  const notTaken = Effect.fnUntraced(function* (item: Waiting, error: WebhookFault | OutboxFault) {
    if ((yield* isRefused(item, error)) || error._tag === "OutboxFault") return
    yield* failed(error)
    suspects.add(item.id)
    if (failures < suspectAfter || error.askedMillis !== null) return
    if (yield* takesAnother) yield* setAside(item, error.message)
  })

  const patiently = (item: Waiting) =>
    attempt(item).pipe(Effect.catch((error) => Effect.andThen(notTaken(item, error), giveUp(item))))

  const nextRefusedMillis = (): number => {
    for (const id of refusals.keys()) {
      // Dropped by others.
      if (!backlog.has(id)) refusals.delete(id)
    }
    return Math.min(...[...refusals.values()].map((refusal) => refusal.untilMillis))
  }

  const step = Effect.gen(function* () {
    const nowMillis = yield* steadyMillis
    if (untilMillis > nowMillis) return yield* Effect.sleep(untilMillis - nowMillis)
    const item = firstDue(nowMillis, () => true)
    if (item !== undefined) return yield* patiently(item)
    const waitMillis = nextRefusedMillis() - nowMillis
    const signal = Queue.take(signals)
    yield* Number.isFinite(waitMillis)
      ? Effect.timeoutOrElse(signal, { duration: Math.max(1, waitMillis), orElse: () => Effect.void })
      : signal
  })

  const courier: Courier = {
    run: Effect.forever(step),
    wake: Effect.asVoid(Queue.offer(signals, undefined)),
    totals: () => totals,
    fault: () => {
      const [refusal] = refusals.values()
      return (
        failing ?? (refusal === undefined ? null : { sinceMillis: refusal.sinceMillis, error: refusal.error })
      )
    },
  }
  return courier
})
