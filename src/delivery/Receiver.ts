import type { WebhookSettings } from "../config/webhook.ts"

/** Who is told of alerts; the name stands in the outbox, so it stays the same from life to life. */
export interface Receiver extends WebhookSettings {
  readonly name: string
}
