import { cpSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { FragmentRecord } from "../../src/recorder/segments/fragmentRecord.ts"
import { packetHashes, placeWithin, shownSpan } from "./packetHashes.ts"
import { plainPictures, SourceScene } from "./SourceScene.ts"

const framesPerSecond = 25

let scene: SourceScene
let filePath = ""
let secondPath = ""
let fragments: ReadonlyArray<FragmentRecord> = []
/** Packets of the recording while it was whole. */
let source: ReadonlyArray<string> = []

beforeAll(() => {
  scene = new SourceScene()
  const pictures = { ...plainPictures, soundRate: 16_000, bFrames: 2 }
  filePath = scene.record(12, pictures)
  fragments = scene.index(filePath)
  secondPath = scene.record(4, pictures)
  scene.index(secondPath)
  for (const path of [filePath, secondPath])
    cpSync(onDisk(path), `${onDisk(path)}.whole`, { preserveTimestamps: true })
  source = packetHashes(onDisk(filePath), "v")
})
afterEach(() => {
  for (const path of [filePath, secondPath]) {
    cpSync(`${onDisk(path)}.whole`, onDisk(path), { preserveTimestamps: true })
  }
})
afterAll(() => scene.remove())

const onDisk = (path: string): string => join(scene.directory, path)

/** Spoils the description of the fragment that holds an instant; answers the fragment. */
const damageAt = (seconds: number, bytes: Uint8Array = new Uint8Array(64)): FragmentRecord => {
  const fragment = fragments.find(({ mediaEndSeconds }) => mediaEndSeconds > seconds)
  if (fragment === undefined) throw new Error(`no fragment at ${seconds} s`)
  scene.overwrite(filePath, fragment.offset + 8, bytes)
  return fragment
}

const gapsOf = (gaps: ReadonlyArray<{ fromMillis: number; toMillis: number; cause: string }>) =>
  gaps.map(({ fromMillis, toMillis, cause }) => [
    (fromMillis - scene.startMillis) / 1000,
    (toMillis - scene.startMillis) / 1000,
    cause,
  ])

describe("a clip across a damaged fragment", () => {
  it("ends before it where no keyframe follows in its range, and says what it lacks", async () => {
    damageAt(4.1)
    const { path, content } = await scene.export(0, 4.9, false)
    expect(packetHashes(path, "v")).toEqual(source.slice(0, 4 * framesPerSecond))
    expect(content.durationSeconds).toBeCloseTo(4, 2)
    expect(content.endMillis).toBe(scene.startMillis + 4000)
    expect(gapsOf(content.gaps)).toEqual([[4, 4.9, "file_damaged"]])
  })

  it.each([
    ["is zeros", 5, new Uint8Array(64)],
    ["is noise", 5, Uint8Array.from({ length: 64 }, (_, index) => index * 37)],
    ["begins a group of pictures", 4.1, new Uint8Array(64)],
  ])("goes on at the next keyframe where it %s", async (_, seconds, bytes) => {
    const { mediaStartSeconds } = damageAt(seconds, bytes)
    const { path, content } = await scene.export(1, 10, false)
    const packets = packetHashes(path, "v")
    const before = Math.round(mediaStartSeconds * framesPerSecond)
    expect(packets.slice(0, before)).toEqual(source.slice(0, before))
    expect(placeWithin(packets.slice(before), source)).toBe(6 * framesPerSecond)
    expect(Math.abs(packets.length - before - 4 * framesPerSecond)).toBeLessThanOrEqual(2)
    expect(content.durationSeconds).toBeCloseTo(mediaStartSeconds + 4, 2)
    const [[from = 0, to = 0, cause] = []] = gapsOf(content.gaps).map(([...one]) => one)
    expect([from, to, cause]).toEqual([expect.closeTo(mediaStartSeconds, 2), 6, "file_damaged"])
    expect(content.gaps).toHaveLength(1)
    const [begin, end] = shownSpan(path, "a") ?? []
    expect(begin).toBeCloseTo(0, 0)
    expect(end).toBeCloseTo(mediaStartSeconds + 4, 0)
  })

  it("with exact bounds begins at the first keyframe after it", async () => {
    damageAt(2.1)
    const { path, content } = await scene.export(3, 8, true)
    expect(placeWithin(packetHashes(path, "v"), source)).toBe(4 * framesPerSecond)
    expect(content.startMillis).toBe(scene.startMillis + 4000)
    expect(gapsOf(content.gaps)).toEqual([[3, 4, "file_damaged"]])
  })

  it("is not made where nothing of its range can be read, and the instant is named", async () => {
    damageAt(4.1)
    await expect(scene.export(4.2, 5.5, false)).rejects.toMatchObject({
      reason: `nothing of this range can be read: ${filePath} is damaged from 2026-01-14T15:00:04.200Z to 2026-01-14T15:00:05.500Z`,
    })
  })

  it("has what lies in the other files where the head of one is damaged", async () => {
    scene.overwrite(secondPath, 0, new Uint8Array(300))
    const { content } = await scene.export(10, 14, false)
    expect(gapsOf(content.gaps)).toEqual([[12, 14, "file_damaged"]])
    await expect(scene.export(13, 14, false)).rejects.toMatchObject({
      reason: expect.stringContaining(secondPath),
    })
  })
})

describe("an export of which FFmpeg writes less than its plan", () => {
  it("has failed where that is more than two pictures", async () => {
    const path = join(scene.directory, "ffmpeg")
    // What comes before the target is put behind it, and the target last again.
    const text = `#!/bin/sh
n=$#
while [ $n -gt 1 ]; do set -- "$@" "$1"; shift; n=$((n - 1)); done
target=$1; shift
exec ffmpeg "$@" -frames:v "$FRAMES" "$target"
`
    for (const frames of [120, 121])
      writeFileSync(`${path}-${frames}`, text.replace("$FRAMES", String(frames)), { mode: 0o755 })
    await expect(scene.export(0, 4.9, false, `${path}-120`)).rejects.toMatchObject({
      reason: expect.stringContaining("only 120 of 123 pictures could be read"),
    })
    await expect(scene.export(0, 4.9, false, `${path}-121`)).resolves.toBeDefined()
  })
})
