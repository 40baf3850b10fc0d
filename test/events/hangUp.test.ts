import { createServer, type Server } from "node:http"
import { once } from "node:events"
import { getRequestListener } from "@hono/node-server"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, expect, it } from "vitest"
import { eventStream } from "../../src/api/eventStream.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { EventClient } from "./EventClient.ts"

const patienceMillis = 400
let server: Server
let address: string
const closing = new AbortController()
const ends: Array<{ readonly path: string; readonly afterMillis: number }> = []

/** Large, so that the kernel's buffers are full at once. */
const text = `: ${"x".repeat(1_000_000)}\n\n`

/** A heartbeat every 50 ms, and before it a text that fills buffers where the path says so. */
const textsOf = (path: string): Effect.Effect<string> =>
  path === "/flood" ? Effect.succeed(text) : Effect.delay(Effect.succeed(": heartbeat\n\n"), 50)

beforeEach(async () => {
  const listener = getRequestListener((request, { outgoing }) => {
    const { pathname: path } = new URL(request.url)
    const startedMillis = performance.now()
    const body = eventStream({
      run: (effect, signal) => Effect.runPromiseExit(effect, { signal }),
      nextText: textsOf(path),
      closing: closing.signal,
      patienceMillis,
      hangUp: () => outgoing.destroy(),
      onEnd: () => ends.push({ path, afterMillis: performance.now() - startedMillis }),
    })
    return new Response(body, { headers: { "content-type": "text/event-stream" } })
  })
  server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  await once(server.listen(0, "127.0.0.1"), "listening")
  const bound = server.address()
  if (bound === null || typeof bound === "string") throw new Error("no port was bound")
  address = `http://127.0.0.1:${bound.port}`
})

afterEach(() => {
  closing.abort()
  server.closeAllConnections()
  server.close()
})

const connections = () =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )

it("hangs up on a client whose socket takes nothing, and on no other", async () => {
  const healthy = new EventClient(address, "/quiet").listen()
  const dead = new EventClient(address, "/flood")
  await awaitFact("both are connected", async () => (await connections()) === 2)
  await awaitFact("the dead one is hung up on", async () => (await connections()) === 1)
  expect(ends).toMatchObject([{ path: "/flood" }])
  expect(ends[0]?.afterMillis).toBeGreaterThanOrEqual(patienceMillis)
  // For several times as long as the other was waited for.
  const { heartbeats } = healthy.parser
  await awaitFact("the healthy one goes on", () => healthy.parser.heartbeats > heartbeats + 30)
  expect(ends).toHaveLength(1)
  // What the kernel had taken ends in the middle of a text.
  dead.listen()
  await awaitFact("the dead one wakes, and finds it", () => dead.isClosed)
  healthy.close()
})
