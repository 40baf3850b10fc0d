import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { Delivery } from "../../src/delivery/Delivery.ts"
import { Outbox, OutboxFault, type Parcel } from "../../src/delivery/Outbox.ts"
import { type WebhookFault, Webhooks } from "../../src/delivery/Webhooks.ts"
import { receiverAt } from "./DeliveryLife.ts"

/** What a receiver does with a try: null takes it. */
export type Answer = (id: string, nowMillis: number) => WebhookFault | null

export interface Try {
  readonly id: string
  readonly atMillis: number
}

/** A disk and a receiver in memory, on the clock of a test; lives of the delivery come and go on them. */
export class DeliveryWorld {
  readonly disk = new Map<string, Parcel>()
  readonly tries: Array<Try> = []
  readonly taken: Array<string> = []
  readonly lines: Array<string> = []
  answer: Answer = () => null
  isDiskFull = false
  /** What the disk does not come back from, until it is released. */
  hanging: ReadonlySet<"read" | "write" | "remove"> = new Set()
  writes = 0
  readonly #hung: Array<() => void> = []

  /** The disk goes on with what hung. */
  release(): void {
    this.hanging = new Set()
    for (const resume of this.#hung.splice(0)) resume()
  }

  /** As the calls of the real disk, it cannot be interrupted. */
  #unlessHanging(what: "read" | "write" | "remove"): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.hanging.has(what)
        ? Effect.uninterruptible(
            Effect.callback<void>((resume) => {
              this.#hung.push(() => resume(Effect.void))
            }),
          )
        : Effect.void,
    )
  }

  /** A life of the delivery; `step` is passed before and after each thing that can be seen from outside. */
  layer(step: Effect.Effect<void>): Layer.Layer<Delivery> {
    const between = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      step.pipe(
        Effect.andThen(effect),
        Effect.tap(() => step),
      )
    const outbox = Layer.succeed(Outbox, {
      load: Effect.sync(() => [...this.disk.values()]),
      read: (id) =>
        Effect.andThen(
          this.#unlessHanging("read"),
          Effect.sync(() => this.disk.get(id) ?? null),
        ),
      write: (parcel) =>
        between(
          Effect.suspend(() => {
            this.writes += 1
            if (this.isDiskFull) return Effect.fail(new OutboxFault({ message: "the disk is full" }))
            return Effect.andThen(
              this.#unlessHanging("write"),
              Effect.sync(() => void this.disk.set(parcel.notification.id, parcel)),
            )
          }),
        ),
      remove: (id) =>
        between(
          Effect.andThen(
            this.#unlessHanging("remove"),
            Effect.sync(() => void this.disk.delete(id)),
          ),
        ),
    })
    const webhooks = Layer.succeed(Webhooks, {
      post: (_receiver, { id }) =>
        between(
          Effect.clockWith((clock) =>
            Effect.suspend(() => {
              const atMillis = clock.currentTimeMillisUnsafe()
              this.tries.push({ id, atMillis })
              const fault = this.answer(id, atMillis)
              if (fault !== null) return Effect.fail(fault)
              this.taken.push(id)
              return Effect.void
            }),
          ),
        ),
    })
    const logger = Logger.make<unknown, void>((entry) => {
      this.lines.push([entry.message].flat().map(String).join(" "))
    })
    return Delivery.layerNoDeps([receiverAt("http://receiver.example/")]).pipe(
      Layer.provide(Layer.merge(outbox, webhooks)),
      Layer.provideMerge(Logger.layer([logger])),
    )
  }

  /** A life without a crash, on a clock that begins at 0. */
  live<A>(life: Effect.Effect<A, never, Delivery>): Promise<A> {
    return Effect.runPromise(
      life.pipe(Effect.provide(Layer.provideMerge(this.layer(Effect.void), TestClock.layer()))),
    )
  }
}
