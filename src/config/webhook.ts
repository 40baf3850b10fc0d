import * as Redacted from "effect/Redacted"
import { type Environment, InvalidSetting, oneOf, text } from "./variable.ts"

/** Where notifications of alerts are posted to. */
export interface WebhookSettings {
  /** http or https; often a secret as a whole, and may hold user and password. */
  readonly url: Redacted.Redacted
  readonly format: "plain" | "alertmanager"
  /** The key of the signature; null sends none. */
  readonly secret: Redacted.Redacted | null
}

const allowedUrl =
  "http:// or https:// with a host, and optionally user and password (escaped with % where needed)"
const allowedSecret = "any text, or whsec_ and the key in base64"

/** The value is not repeated: it may be a secret. */
const hiddenInvalid = (variable: string, allowed: string): InvalidSetting =>
  new InvalidSetting({ variable, value: "(hidden)", allowed })

const isWebhookUrl = (value: string): boolean => {
  const url = URL.parse(value)
  if (url === null || !["http:", "https:"].includes(url.protocol)) return false
  try {
    decodeURIComponent(`${url.username}${url.password}`)
    return true
  } catch {
    return false
  }
}

/** The receiver of alerts; null where none is set. */
export const webhook = (environment: Environment): WebhookSettings | null => {
  const url = text(environment, "ALERT_WEBHOOK_URL", "")
  const format = oneOf(environment, "ALERT_WEBHOOK_FORMAT", "plain", ["plain", "alertmanager"])
  const secret = text(environment, "ALERT_WEBHOOK_SECRET", "")
  if (secret.startsWith("whsec_") && !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)) {
    throw hiddenInvalid("ALERT_WEBHOOK_SECRET", allowedSecret)
  }
  if (url === "") return null
  if (!isWebhookUrl(url)) throw hiddenInvalid("ALERT_WEBHOOK_URL", allowedUrl)
  return { url: Redacted.make(url), format, secret: secret === "" ? null : Redacted.make(secret) }
}
