import * as Effect from "effect/Effect"
import { steadyMillis } from "../domain/steadyMillis.ts"

const defaultPatienceMillis = 60_000

export interface EventStreamOptions {
  /** Runs what tells this client, until it ends or the signal is aborted. */
  readonly run: (effect: Effect.Effect<void>, signal: AbortSignal) => Promise<unknown>
  /** What to send next; run again each time the client took the last. */
  readonly nextText: Effect.Effect<string>
  /** Aborted when the service is about to end. */
  readonly closing: AbortSignal
  /** A client may take nothing of what waits for it for this long; 60 s by default. */
  readonly patienceMillis?: number
  /** Cuts the connection of a client that takes nothing. */
  readonly hangUp: () => void
  /** Called once, however the stream ends. */
  readonly onEnd: () => void
}

/**
 * The body of an answer without an end, which asks for a text only when the client took the one before.
 *
 * That is so because it keeps no chunk itself (a high-water mark of 0), and @hono/node-server reads the next one when
 * the socket has drained. So what a client costs that takes nothing is one text, until it is hung up on.
 */
export const eventStream = (options: EventStreamOptions): ReadableStream<Uint8Array> => {
  const { run, nextText, closing, patienceMillis = defaultPatienceMillis, hangUp, onEnd } = options
  const over = new AbortController()
  const encoder = new TextEncoder()
  let isAsked = false
  let isCancelled = false
  let onAsked = (): void => undefined
  let waitsSinceMillis: number | null = null

  const asked = Effect.callback<void>((resume) => {
    onAsked = () => resume(Effect.void)
    if (isAsked) onAsked()
  })

  /** Ends with the connection: when the client did not ask for the next text in time, or nobody listens any more. */
  const told = (controller: ReadableStreamDefaultController<Uint8Array>): Effect.Effect<void> => {
    const texts = Effect.gen(function* () {
      for (;;) {
        yield* asked
        waitsSinceMillis = null
        const text = yield* nextText
        waitsSinceMillis = yield* steadyMillis
        isAsked = false
        controller.enqueue(encoder.encode(text))
      }
    })
    const impatience = Effect.gen(function* () {
      for (;;) {
        const nowMillis = yield* steadyMillis
        const leftMillis = (waitsSinceMillis ?? nowMillis) + patienceMillis - nowMillis
        if (leftMillis <= 0) return
        yield* Effect.sleep(leftMillis)
      }
    })
    return Effect.raceFirst(texts, impatience)
  }

  const tellAll = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    await run(told(controller), over.signal)
    closing.removeEventListener("abort", stop)
    if (!isCancelled) controller.close()
    // One that takes nothing would not take the end either.
    if (!isCancelled && !isAsked) hangUp()
    onEnd()
  }

  const stop = (): void => over.abort()
  closing.addEventListener("abort", stop)
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        if (closing.aborted) stop()
        void tellAll(controller)
      },
      pull: () => {
        isAsked = true
        onAsked()
      },
      cancel: () => {
        isCancelled = true
        stop()
      },
    },
    { highWaterMark: 0 },
  )
}
