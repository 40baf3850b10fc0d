import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { redact } from "../../src/logging/redact.ts"

describe("redact", () => {
  it.each([
    ["rtsp://admin:secret@10.0.0.1:554/s", "rtsp://***@10.0.0.1:554/s"],
    ["[error] rtsp://admin:se@cr@et@cam/s: 401", "[error] rtsp://***@cam/s: 401"],
    ["rtsp://cam/s?user=a&password=secret&x=1", "rtsp://cam/s?user=a&password=***&x=1"],
    ["postgres://vigia:secret@db/vigia", "postgres://***@db/vigia"],
    ["Authorization: Basic c2VjcmV0", "Authorization: ***"],
    ["a mail to me@example.com", "a mail to me@example.com"],
  ])("%s", (text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  it("leaves no password of any URL", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._~!$*+,;:=%@-]{4,20}$/)
    fc.assert(
      fc.property(word, fc.stringMatching(/^[a-z ]{0,20}$/), (password, before) => {
        const shown = redact(`${before}rtsp://operator:${password}@host.example/stream failed`)
        expect(shown).toBe(`${before}rtsp://***@host.example/stream failed`)
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})
