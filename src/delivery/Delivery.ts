import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Notification } from "../domain/Alert.ts"
import { type Fault, makeBacklog } from "./Backlog.ts"
import { type DeliveryTotals, makeCourier } from "./Courier.ts"
import { newsOf } from "./newsOf.ts"
import { Outbox } from "./Outbox.ts"
import type { Receiver } from "./Receiver.ts"
import { Webhooks } from "./Webhooks.ts"

/** What keeps notifications from arriving, free of secrets; empty and null while all is well. */
export interface DeliveryFaults {
  readonly receivers: ReadonlyArray<Fault & { readonly receiver: string }>
  /** What the state disk does not do. */
  readonly outbox: Fault | null
}

const limits = { mostWaiting: 10_000, mostHeld: 1_000, diskRetryMillis: 5_000 }

/**
 * Tells receivers of alerts: at least once, with the same `Idempotency-Key` in every attempt, over crashes and restarts,
 * for 7 days at least.
 *
 * Without receivers nothing is kept. What an earlier life left waits for the next receiver.
 */
export class Delivery extends Context.Service<
  Delivery,
  {
    /**
     * Answers whether the notification outlives a crash; it is brought to the receivers in the background.
     *
     * Where the state disk does not take it within 3 s, it is kept in memory (1,000 at most) until the disk does, and
     * the answer is false: until it is true, the same is to be sent again, which the receivers do not notice.
     */
    send(notification: Notification): Effect.Effect<boolean>
    /** How many notifications a receiver lacks. */
    readonly pending: Effect.Effect<number>
    readonly faults: Effect.Effect<DeliveryFaults>
    /** Of all receivers, since the start. */
    readonly totals: Effect.Effect<DeliveryTotals>
  }
>()("vigia/delivery/Delivery") {
  static readonly layerNoDeps = (receivers: ReadonlyArray<Receiver>) =>
    Layer.effect(Delivery, receivers.length === 0 ? Effect.succeed(noDelivery) : makeDelivery(receivers))

  static readonly layer = (options: {
    readonly stateDirectory: string
    readonly receivers: ReadonlyArray<Receiver>
  }) =>
    this.layerNoDeps(options.receivers).pipe(
      Layer.provide(Layer.merge(Outbox.layer(options.stateDirectory), Webhooks.layer)),
    )
}

const noDelivery: Delivery["Service"] = {
  send: () => Effect.succeed(true),
  pending: Effect.succeed(0),
  faults: Effect.succeed({ receivers: [], outbox: null }),
  totals: Effect.succeed({ delivered: 0, failed: 0 }),
}

/** Alertmanager's receivers close what they opened; people are told news. */
const isWantedBy = ({ format }: Receiver, notification: Notification): boolean =>
  format === "alertmanager" || newsOf(notification) !== null

const makeDelivery = Effect.fnUntraced(function* (receivers: ReadonlyArray<Receiver>) {
  const outbox = yield* Outbox
  const webhooks = yield* Webhooks
  const backlog = yield* makeBacklog(
    outbox,
    receivers.map(({ name }) => name),
    limits,
  )
  const couriers = yield* Effect.forEach(receivers, (receiver) =>
    Effect.map(makeCourier(receiver, backlog, webhooks), (courier) => ({ name: receiver.name, courier })),
  )
  for (const { courier } of couriers) yield* Effect.forkScoped(courier.run)

  return Delivery.of({
    send: Effect.fnUntraced(function* (notification) {
      const wanting = receivers.filter((receiver) => isWantedBy(receiver, notification))
      if (wanting.length === 0) return true
      const waiting = yield* backlog.add(
        notification,
        wanting.map(({ name }) => name),
      )
      if (waiting === null) return true
      yield* Effect.forEach(couriers, ({ courier }) => courier.wake, { discard: true })
      return yield* backlog.keep(waiting)
    }),
    pending: Effect.sync(() => backlog.size()),
    faults: Effect.sync(() => ({
      receivers: couriers.flatMap(({ name, courier }) => {
        const fault = courier.fault()
        return fault === null ? [] : [{ receiver: name, ...fault }]
      }),
      outbox: backlog.fault(),
    })),
    totals: Effect.sync(() => {
      const all = couriers.map(({ courier }) => courier.totals())
      return {
        delivered: all.reduce((sum, { delivered }) => sum + delivered, 0),
        failed: all.reduce((sum, { failed }) => sum + failed, 0),
      }
    }),
  })
})
