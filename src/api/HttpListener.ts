import { type ServerType, serve } from "@hono/node-server"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { startingApp } from "./startingApp.ts"

/** The address cannot be listened on. */
export class AddressUnusable extends Schema.TaggedError<AddressUnusable>()("AddressUnusable", {
  message: Schema.String,
}) {}

/** What belongs to a request besides itself: the way to cut its connection. */
export interface RequestBindings {
  readonly outgoing?: { readonly destroy: () => unknown }
}

type Fetch = (request: Request, bindings: RequestBindings) => Response | Promise<Response>

const addressOf = (server: ServerType): string => {
  const address = server.address()
  if (address === null || typeof address === "string") return String(address)
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`
}

/**
 * The socket of the HTTP API, open from early in the start: a service that waits for its database can be asked how it is.
 *
 * Fails with `AddressUnusable`. Releasing it ends all connections.
 */
export class HttpListener extends Context.Service<
  HttpListener,
  {
    readonly address: string
    /** Answers with this app from now on; before, only the probes are answered. */
    readonly serve: (fetch: Fetch) => void
    /** Takes no new connection; requests under way are answered, those without an end are ended. */
    readonly close: () => void
    /** Aborted by `close`: whoever answers without an end ends then. */
    readonly closing: AbortSignal
  }
>()("vigia/api/HttpListener") {
  static readonly layer = (options: {
    readonly host: string
    readonly port: number
  }): Layer.Layer<HttpListener, AddressUnusable> =>
    Layer.effect(
      HttpListener,
      Effect.gen(function* () {
        const { host, port } = options
        let answer: Fetch = startingApp().fetch
        const closing = yield* Effect.sync(() => new AbortController())
        const server = yield* Effect.acquireRelease(
          Effect.callback<ServerType, AddressUnusable>((resume) => {
            const opened = serve(
              { fetch: (request, bindings) => answer(request, bindings), hostname: host, port },
              () => resume(Effect.succeed(opened)),
            )
            opened.once("error", ({ message }) => resume(Effect.fail(new AddressUnusable({ message }))))
          }),
          (opened) =>
            Effect.sync(() => {
              closing.abort()
              opened.close()
              if ("closeAllConnections" in opened) opened.closeAllConnections()
            }),
        )
        return HttpListener.of({
          address: addressOf(server),
          serve: (fetch) => {
            answer = fetch
          },
          close: () => {
            closing.abort()
            server.close()
          },
          closing: closing.signal,
        })
      }),
    )
}
