import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Claim, PublishFileSystem } from "../../../src/recorder/segments/publishSegment.ts"
import {
  nodePublishFileSystem,
  publishSegment,
  segmentPath,
} from "../../../src/recorder/segments/publishSegment.ts"

const second = 1000
const day = 86_400 * second

const refusing = (code: string): PublishFileSystem => ({
  link: () => {
    throw Object.assign(new Error(code), { code })
  },
})

describe("publishSegment", () => {
  let directory = ""
  let next = 0

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "vigia-publish-"))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const publish = (content: string, startMillis: number, fileSystem?: PublishFileSystem) => {
    const numbered = join(directory, `${next++}.mp4`)
    writeFileSync(numbered, content)
    const claims: Array<Claim> = []
    const claim = (made: Claim) => claims.push(made)
    const path = publishSegment(numbered, directory, 1, startMillis, claim, fileSystem)
    expect(existsSync(numbered)).toBe(false)
    expect(claims.at(-1)?.filePath).toBe(path)
    return path
  }

  it("names a segment by its UTC start", () => {
    expect(segmentPath(7, Date.UTC(2026, 0, 14, 15, 20, 7, 499))).toBe("cam_7/2026-01-14/15-20-07.mp4")
    expect(segmentPath(7, Date.UTC(2026, 0, 14, 14, 59, 59, 960))).toBe("cam_7/2026-01-14/15-00-00.mp4")
    expect(segmentPath(7, Date.UTC(2026, 11, 31, 23, 59, 59))).toBe("cam_7/2026-12-31/23-59-59.mp4")
  })

  it.each([
    { way: "link", fileSystem: nodePublishFileSystem, runs: 200 },
    ...["EPERM", "EOPNOTSUPP", "EMLINK", "ENOSYS"].map((code) => ({
      way: code,
      fileSystem: refusing(code),
      runs: 50,
    })),
  ])("never replaces or loses a file, wherever the clock goes ($way)", ({ fileSystem, runs }) => {
    const step = fc.oneof(
      fc.constantFrom(0, 1, 400, second, -second, -10 * second, -3600 * second, -day, day, 3600 * second),
      fc.integer({ min: -5 * second, max: 5 * second }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const published = new Map<string, string>()
        let startMillis = Date.UTC(2026, 2, 28, 23, 59, 57)
        for (const [index, by] of steps.entries()) {
          startMillis += by
          const content = `recording ${index}`
          const path = publish(content, startMillis, fileSystem)
          expect(published.has(path)).toBe(false)
          published.set(path, content)
        }
        for (const [path, content] of published) {
          expect(readFileSync(join(directory, path), "utf8")).toBe(content)
        }
        const files = readdirSync(join(directory, "cam_1"), { recursive: true, withFileTypes: true })
        expect(files.filter((entry) => entry.isFile()).length).toBe(published.size)
        rmSync(join(directory, "cam_1"), { recursive: true })
      }),
      { numRuns: runs, seed: 31 },
    )
  })

  it("keeps the inode, so that who writes goes on writing to the same file", () => {
    for (const fileSystem of [nodePublishFileSystem, refusing("EPERM")]) {
      const numbered = join(directory, "open.mp4")
      writeFileSync(numbered, "recording")
      const { ino } = statSync(numbered)
      const path = publishSegment(numbered, directory, 1, 0, () => undefined, fileSystem)
      expect(statSync(join(directory, path)).ino).toBe(ino)
    }
  })

  it("takes the next second even over midnight", () => {
    const last = Date.UTC(2026, 0, 14, 23, 59, 59)
    expect(publish("one", last)).toBe("cam_1/2026-01-14/23-59-59.mp4")
    expect(publish("two", last)).toBe("cam_1/2026-01-15/00-00-00.mp4")
  })

  it("leaves everything as it was when the file system refuses", () => {
    const numbered = join(directory, "kept.mp4")
    writeFileSync(numbered, "recording")
    const claim = () => undefined
    expect(() => publishSegment(numbered, directory, 1, 0, claim, refusing("ENOSPC"))).toThrow("ENOSPC")
    expect(readFileSync(numbered, "utf8")).toBe("recording")
    expect(readdirSync(join(directory, "cam_1", "1970-01-01"))).toEqual([])
  })

  it("takes back its reservation when the rename is refused", () => {
    // A directory cannot be renamed over a file.
    const numbered = join(directory, "directory.mp4")
    mkdirSync(numbered)
    const claim = () => undefined
    expect(() => publishSegment(numbered, directory, 1, 0, claim, refusing("EPERM"))).toThrow("ENOTDIR")
    expect(readdirSync(join(directory, "cam_1", "1970-01-01"))).toEqual([])
  })
})
