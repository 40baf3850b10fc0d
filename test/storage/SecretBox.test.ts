import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { SecretBox } from "../../src/storage/SecretBox.ts"

const secret = Redacted.make("rtsp://u:pässword@h/")

describe("SecretBox", () => {
  let stateDirectory: string
  beforeEach(() => {
    stateDirectory = mkdtempSync(join(tmpdir(), "vigia-secret-"))
  })
  afterEach(() => rmSync(stateDirectory, { recursive: true, force: true }))
  const box = (options: { readonly key?: Redacted.Redacted } = {}) =>
    Effect.runPromise(SecretBox.pipe(Effect.provide(SecretBox.layer({ stateDirectory, ...options }))))

  it("makes a key once, private, and opens in a later life what it sealed", async () => {
    const sealed = (await box()).seal(secret)
    expect(sealed).not.toContain("ssword")
    expect(statSync(join(stateDirectory, "secret.key")).mode & 0o777).toBe(0o600)
    const opened = await Effect.runPromise((await box()).open(sealed))
    expect(Redacted.value(opened)).toBe(Redacted.value(secret))
    expect((await box()).seal(secret)).not.toBe(sealed)
  })

  it("opens nothing that was changed, cut, or sealed with another key", async () => {
    const mine = await box()
    const sealed = mine.seal(secret)
    const other = (await box({ key: Redacted.make("ab".repeat(32)) })).seal(secret)
    const flipped = sealed.slice(0, 10) + (sealed[10] === "A" ? "B" : "A") + sealed.slice(11)
    for (const wrong of [flipped, sealed.slice(0, -4), sealed.slice(3), "", "v1.", other]) {
      expect(await Effect.runPromise(Effect.flip(mine.open(wrong)))).toMatchObject({
        _tag: "SecretUnreadable",
      })
    }
  })

  it("refuses a key file that is no key, and leaves it alone", async () => {
    const path = join(stateDirectory, "secret.key")
    writeFileSync(path, "short")
    await expect(box()).rejects.toMatchObject({ _tag: "SecretKeyUnusable" })
    expect(readFileSync(path, "utf8")).toBe("short")
  })
})
