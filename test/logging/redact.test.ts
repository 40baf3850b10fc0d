import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { redact } from "../../src/logging/redact.ts"

describe("redact", () => {
  it.each([
    ["rtsp://admin:secret@10.0.0.1:554/s", "rtsp://***@10.0.0.1:554/s"],
    ["[error] rtsp://admin:se@cr@et@cam/s: 401", "[error] rtsp://***@cam/s: 401"],
    ["from 'rtsp://admin:se'cr/et@cam/s':", "from 'rtsp://***@cam/s':"],
    ["rtsp://cam/s?user=a&password=secret&x=1 failed", "rtsp://cam/s?*** failed"],
    ["rtsp://cam/s?pass%77ord=secret", "rtsp://cam/s?***"],
    ["rtsp://cam/ch1/user=admin_password=secret_channel=1: 400", "rtsp://cam/ch1/*** 400"],
    ["rtsp://admin:secret-that-is-cut", "rtsp://***"],
    ["postgres://vigia:secret@db/vigia", "postgres://***@db/vigia"],
    ["GET /user=admin_password=secret&channel=1", "GET /user=admin_password=***&channel=1"],
    ["/live?passwort=secret&x=1", "/live?passwort=***&x=1"],
    ["Authorization: Basic c2VjcmV0", "Authorization: ***"],
    ["a mail to me@example.com", "a mail to me@example.com"],
    ["listening at http://127.0.0.1:8080.", "listening at http://127.0.0.1:8080."],
    ["http://[::1]:8080/api/health: ok", "http://[::1]:8080/api/health: ok"],
  ])("%s", (text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  const password = fc.stringMatching(/^[\x21-\x7e]{4,20}$/)

  it("leaves no password before the host of any URL", () => {
    fc.assert(
      fc.property(password, fc.stringMatching(/^[a-z ]{0,20}$/), (secret, before) => {
        const shown = redact(`${before}rtsp://operator:${secret}@host.example/stream failed`)
        expect(shown).toBe(`${before}rtsp://***@host.example/stream failed`)
      }),
      { seed: 7, numRuns: 500 },
    )
  })

  it.each([
    ["query", (secret: string) => `rtsp://host.example/stream?u=x&p=${secret}`],
    ["path", (secret: string) => `rtsp://host.example/user=admin_password=${secret}`],
  ])("leaves no password in the %s of any URL", (_place, urlOf) => {
    fc.assert(
      fc.property(password, (secret) => {
        expect(redact(`[error] ${urlOf(`7${secret}7`)} failed`)).not.toContain(`7${secret}7`)
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})
