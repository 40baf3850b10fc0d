import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Notification } from "../domain/Alert.ts"
import { alertmanagerBody } from "./alertmanagerBody.ts"
import { plainBody } from "./plainBody.ts"
import type { Receiver } from "./Receiver.ts"
import { retryAfterMillis } from "./retryDelay.ts"
import { signatureHeaders } from "./signature.ts"

const timeout = "10 seconds"

/** What a receiver says of a notification that it will not take, however often it is sent. */
const refusals: ReadonlySet<number> = new Set([400, 409, 413, 422])

/** A receiver did not take a notification. */
export class WebhookFault extends Schema.TaggedError<WebhookFault>()("WebhookFault", {
  /** Free of the address, which can be a secret. */
  message: Schema.String,
  /** Whether it is about this notification: another may well be taken. */
  isRefusal: Schema.Boolean,
  /** For how long the receiver asked for quiet. */
  askedMillis: Schema.NullOr(Schema.Finite),
}) {}

/** Posts notifications, one try each; a redirect is not followed, since what is sent is for the receiver alone. */
export class Webhooks extends Context.Service<
  Webhooks,
  {
    /** Succeeds once the receiver answered with a 2xx; takes 10 s at most. */
    post(receiver: Receiver, notification: Notification): Effect.Effect<void, WebhookFault>
  }
>()("vigia/delivery/Webhooks") {
  static readonly layer = Layer.succeed(Webhooks, {
    post: (receiver, notification) => post(receiver, notification),
  })
}

const fault = (message: string) => new WebhookFault({ message, isRefusal: false, askedMillis: null })

/** `fetch` takes no user and password in a URL: they go into a header. */
const addressOf = (receiver: Receiver) => {
  const url = new URL(Redacted.value(receiver.url))
  const { username, password } = url
  url.username = ""
  url.password = ""
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return {
    url,
    headers:
      username === "" && password === "" ? {} : { authorization: `Basic ${credentials.toString("base64")}` },
  }
}

/** The system's name of an error, where there is one: a message may hold the address. */
const nameOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (cause instanceof Error && "code" in cause) return String(cause.code)
  if (cause instanceof Error && cause.message === "bad port") {
    return "no request may go to this port: the setting must name another"
  }
  return cause instanceof Error ? cause.name : "unknown error"
}

const answerOf = (status: number, retryAfter: string | null, nowMillis: number): WebhookFault => {
  if (status >= 300 && status < 400) {
    return fault(`it answers ${status}: redirects are not followed, the setting must name the final address`)
  }
  const mayAsk = status === 429 || status === 503
  return new WebhookFault({
    message: `it answers ${status}`,
    isRefusal: refusals.has(status),
    askedMillis: mayAsk ? retryAfterMillis(retryAfter, nowMillis) : null,
  })
}

const post = Effect.fn("Webhooks.post")(function* (receiver: Receiver, notification: Notification) {
  const nowMillis = yield* Clock.currentTimeMillis
  const body = JSON.stringify(
    receiver.format === "alertmanager"
      ? alertmanagerBody(notification, receiver.name)
      : plainBody(notification),
  )
  const { url, headers } = addressOf(receiver)
  const { id } = notification
  const { status, retryAfter } = yield* Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, {
        method: "POST",
        redirect: "manual",
        signal,
        headers: {
          ...headers,
          "content-type": "application/json",
          "user-agent": "vigia",
          "idempotency-key": id,
          ...(receiver.secret === null
            ? {}
            : signatureHeaders(Redacted.value(receiver.secret), { id, sentAtMillis: nowMillis, body })),
        },
        body,
      })
      // The status is the answer: a body that is long, or never ends, is not waited for.
      void response.body?.cancel().catch(() => {})
      return { status: response.status, retryAfter: response.headers.get("retry-after") }
    },
    catch: (error) => fault(`it cannot be reached (${nameOf(error)})`),
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(fault("it does not answer within 10 s")),
    }),
  )
  if (status < 200 || status >= 300) return yield* answerOf(status, retryAfter, nowMillis)
})
