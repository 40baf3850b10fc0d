import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as TestClock from "effect/testing/TestClock"
import type { VigiaEvent } from "../../src/domain/VigiaEvent.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { eventStream } from "../../src/api/eventStream.ts"
import { eventTexts } from "../../src/api/eventTexts.ts"
import { EventParser } from "./EventClient.ts"

/** An event that its number tells from others. */
export const changed = (number: number, detail = ""): VigiaEvent => ({
  type: "camera.state_changed",
  cameraId: number,
  from: "recording",
  to: "backoff",
  cause: "stalled",
  detail,
  lastedMillis: 61_500,
})

/** A client of a stream without a socket: what it takes is what it asks for. */
export class StreamClient {
  readonly parser = new EventParser()
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  ends = 0
  hangUps = 0

  constructor(open: (client: StreamClient) => ReadableStream<Uint8Array>) {
    this.#reader = open(this).getReader()
  }

  /** Takes the next text, as soon as there is one; false at the end. */
  async take(): Promise<boolean> {
    const { done, value } = await this.#reader.read()
    if (value !== undefined) this.parser.take(new TextDecoder().decode(value))
    return !done
  }

  disconnect(): Promise<void> {
    return this.#reader.cancel()
  }
}

/** A clock that somebody set: by so much it shows another time than has gone by. */
const clockSetBy = (clock: Clock.Clock, offsetMillis: () => number): Clock.Clock => {
  const now = () => clock.currentTimeMillisUnsafe() + offsetMillis()
  const nowNanos = () => BigInt(now()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: nowNanos,
    currentTimeNanos: Effect.sync(nowNanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration),
  }
}

/** A journal and its clients, on a clock that stands still unless it is moved. */
export class EventScene {
  readonly closing = new AbortController()
  readonly journal: EventJournal["Service"]
  readonly #runtime: ManagedRuntime.ManagedRuntime<EventJournal, never>

  #clockSetByMillis = 0

  private constructor(
    runtime: ManagedRuntime.ManagedRuntime<EventJournal, never>,
    journal: EventJournal["Service"],
  ) {
    this.#runtime = runtime
    this.journal = journal
  }

  static async open(): Promise<EventScene> {
    const runtime = ManagedRuntime.make(Layer.provideMerge(EventJournal.layer, TestClock.layer()))
    return new EventScene(runtime, await runtime.runPromise(EventJournal))
  }

  client(
    afterId: string | null,
    isWanted: (event: VigiaEvent) => boolean = () => true,
    nextText = eventTexts({ journal: this.journal, afterId, isWanted }),
  ): StreamClient {
    return new StreamClient((client) =>
      eventStream({
        run: (effect, signal) => this.#runtime.runPromiseExit(this.#withSetClock(effect), { signal }),
        nextText,
        closing: this.closing.signal,
        hangUp: () => {
          client.hangUps += 1
        },
        onEnd: () => {
          client.ends += 1
        },
      }),
    )
  }

  /** Lets time pass for whoever waits. */
  pass(millis: number): Promise<void> {
    return this.#runtime.runPromise(TestClock.adjust(millis))
  }

  /** Somebody sets the clock: no time goes by. */
  setClock(byMillis: number): void {
    this.#clockSetByMillis += byMillis
  }

  #withSetClock<A>(effect: Effect.Effect<A>): Effect.Effect<A> {
    return Clock.clockWith((clock) =>
      Effect.provideService(
        effect,
        Clock.Clock,
        clockSetBy(clock, () => this.#clockSetByMillis),
      ),
    )
  }

  /** What a client takes next, in a flood after a pause. */
  async take(client: StreamClient): Promise<boolean> {
    const taken = client.take()
    await this.settle()
    await this.pass(100)
    return taken
  }

  /** Until whatever is under way waits. */
  settle(): Promise<void> {
    return new Promise((settled) => setImmediate(() => setImmediate(settled)))
  }

  dispose(): Promise<void> {
    return this.#runtime.dispose()
  }
}
