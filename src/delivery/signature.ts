import { createHmac } from "node:crypto"

const encodedPrefix = "whsec_"

const keyOf = (secret: string): Buffer =>
  secret.startsWith(encodedPrefix)
    ? Buffer.from(secret.slice(encodedPrefix.length), "base64")
    : Buffer.from(secret, "utf8")

/**
 * The headers of standardwebhooks.com: id, time of this attempt, and HMAC-SHA256 over `<id>.<seconds>.<body>`.
 *
 * A secret `whsec_<base64>` is the key in base64; any other is the key itself, in UTF-8.
 */
export const signatureHeaders = (
  secret: string,
  message: { readonly id: string; readonly sentAtMillis: number; readonly body: string },
): Readonly<Record<string, string>> => {
  const seconds = String(Math.floor(message.sentAtMillis / 1000))
  const signature = createHmac("sha256", keyOf(secret))
    .update(`${message.id}.${seconds}.${message.body}`)
    .digest("base64")
  return {
    "webhook-id": message.id,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${signature}`,
  }
}
