import { createHmac, timingSafeEqual } from "node:crypto"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { signatureHeaders } from "../../src/delivery/signature.ts"

/** What a receiver does, written from the text of standardwebhooks.com. */
const verifies = (key: Buffer, headers: Readonly<Record<string, string>>, body: string): boolean => {
  const signed = [headers["webhook-id"], headers["webhook-timestamp"], body].join(".")
  const expected = createHmac("sha256", key).update(signed).digest()
  return (headers["webhook-signature"] ?? "")
    .split(" ")
    .map((part) => part.split(","))
    .some(([version, text = ""]) => {
      const given = Buffer.from(text, "base64")
      return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected)
    })
}

describe("the signature", () => {
  it("is that of the published example", () => {
    const headers = signatureHeaders("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      sentAtMillis: 1_614_265_330_900,
      body: '{"test": 2432232314}',
    })
    expect(headers).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    })
  })

  it("is verified by an independent receiver, and by none whose key, body or time differs", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(bytes, fc.boolean(), fc.string(), fc.nat(), (raw, isEncoded, body, sentAtMillis) => {
        const text = Buffer.from(raw).toString("base64")
        const secret = isEncoded ? `whsec_${text}` : text
        const key = isEncoded ? Buffer.from(raw) : Buffer.from(text)
        const headers = signatureHeaders(secret, { id: "a", sentAtMillis, body })
        expect(verifies(key, headers, body)).toBe(true)
        expect(verifies(key, headers, `${body} `)).toBe(false)
        expect(verifies(Buffer.concat([key, Buffer.from("x")]), headers, body)).toBe(false)
        expect(verifies(key, { ...headers, "webhook-timestamp": "1" }, body)).toBe(
          headers["webhook-timestamp"] === "1",
        )
      }),
      { seed: 3, numRuns: 300 },
    )
  })
})
