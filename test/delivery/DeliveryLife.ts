import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { Delivery, type DeliveryFaults } from "../../src/delivery/Delivery.ts"
import type { Receiver } from "../../src/delivery/Receiver.ts"
import type { Notification } from "../../src/domain/Alert.ts"
import { awaitFact } from "../support/awaitFact.ts"

export const receiverAt = (url: string, changes: Partial<Receiver> = {}): Receiver => ({
  name: "webhook",
  url: Redacted.make(url),
  format: "plain",
  secret: null,
  ...changes,
})

/** One life of the delivery, with its real outbox and real requests. */
export class DeliveryLife {
  readonly lines: Array<string> = []
  readonly #runtime: ManagedRuntime.ManagedRuntime<Delivery, never>

  constructor(stateDirectory: string, receivers: ReadonlyArray<Receiver>) {
    const logger = Logger.make<unknown, void>((entry) => {
      this.lines.push([entry.message].flat().map(String).join(" "))
    })
    this.#runtime = ManagedRuntime.make(
      Delivery.layer({ stateDirectory, receivers }).pipe(Layer.provideMerge(Logger.layer([logger]))),
    )
  }

  /** Builds the layer, which takes up what an earlier life left. */
  begin(): Promise<number> {
    return this.#runtime.runPromise(Effect.flatMap(Delivery, ({ pending }) => pending))
  }

  send(notification: Notification): Promise<boolean> {
    return this.#runtime.runPromise(Effect.flatMap(Delivery, (delivery) => delivery.send(notification)))
  }

  faults(): Promise<DeliveryFaults> {
    return this.#runtime.runPromise(Effect.flatMap(Delivery, (delivery) => delivery.faults))
  }

  pending(): Promise<number> {
    return this.begin()
  }

  async allDelivered(): Promise<void> {
    await awaitFact("nothing is pending", async () => (await this.pending()) === 0, 60_000)
  }

  end(): Promise<void> {
    return this.#runtime.dispose()
  }
}
