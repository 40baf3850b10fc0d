import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { packetHashes, pictureHashes, placeWithin, shownSpan } from "./packetHashes.ts"
import { plainPictures, SourceScene } from "./SourceScene.ts"

const frameSeconds = 0.04
const fromSeconds = 5.3
const toSeconds = 13.3

let scene: SourceScene

afterEach(() => scene.remove())

const sourceOf = (hashes: (path: string) => ReadonlyArray<string>) =>
  scene.files.flatMap(({ filePath }) => hashes(join(scene.directory, filePath)))

describe("a clip with exact bounds", () => {
  it.each([
    { bFrames: 0, soundRate: null },
    { bFrames: 0, soundRate: 16_000 },
    { bFrames: 2, soundRate: null },
    { bFrames: 2, soundRate: 16_000 },
  ])("shows the pictures of its range, to one frame: %o", async (pictures) => {
    scene = new SourceScene()
    for (const seconds of [10, 10]) scene.record(seconds, { ...plainPictures, ...pictures })
    const { path, content } = await scene.export(fromSeconds, toSeconds, true)
    expect(content.startMillis).toBe(scene.startMillis + fromSeconds * 1000)
    expect(content.endMillis).toBe(scene.startMillis + toSeconds * 1000)

    const source = sourceOf(pictureHashes)
    const shown = pictureHashes(path)
    const wanted = (toSeconds - fromSeconds) / frameSeconds
    // Pictures of the range, each of them, from the first to the last.
    const firstPicture = placeWithin(shown.slice(0, wanted - 1), source)
    expect(Math.abs(firstPicture - fromSeconds / frameSeconds)).toBeLessThanOrEqual(1)
    // What comes after it is needed to decode it: a picture is stored before those that refer to it.
    const mostAfter = pictures.bFrames
    expect(shown.length - wanted).toBeGreaterThanOrEqual(-1)
    expect(shown.length - wanted).toBeLessThanOrEqual(1 + mostAfter)

    const [begin, end] = shownSpan(path, "v") ?? []
    expect(begin).toBe(0)
    // FFmpeg shows the first picture of a run for the 64 ms that AAC begins before it, too.
    const priming = pictures.soundRate === null ? 0 : 0.064
    expect(Math.abs((end ?? 0) - (toSeconds - fromSeconds) - priming)).toBeLessThanOrEqual(
      frameSeconds * (1 + 2 * mostAfter) + 0.001,
    )
    const sound = shownSpan(path, "a")
    expect(sound === null).toBe(pictures.soundRate === null)
    const [soundBegin, soundEnd] = sound ?? [0, toSeconds - fromSeconds]
    expect(Math.abs(soundBegin)).toBeLessThanOrEqual(0.064)
    expect(Math.abs(soundEnd - (toSeconds - fromSeconds) - priming)).toBeLessThanOrEqual(2 * 0.064)
    expect(
      placeWithin(
        packetHashes(path, "v"),
        sourceOf((file) => packetHashes(file, "v")),
      ),
    ).toBe(4 / frameSeconds)
  })

  it("begins in the middle of a group of pictures of any file of the range", async () => {
    scene = new SourceScene()
    for (const seconds of [4, 4, 4]) scene.record(seconds, plainPictures)
    const { path } = await scene.export(5, 9, true)
    expect(placeWithin(pictureHashes(path), sourceOf(pictureHashes))).toBe(1 / frameSeconds)
    expect(shownSpan(path, "v")).toEqual([0, 4])
  })
})
