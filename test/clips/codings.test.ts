import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterEach, describe, expect, it } from "vitest"
import { packetHashes, pictureHashes, placeWithin, shownSpan } from "./packetHashes.ts"
import { plainPictures, SourceScene } from "./SourceScene.ts"

const withSound = { ...plainPictures, soundRate: 16_000 }

let scene: SourceScene

afterEach(() => scene.remove())

const sourceOf = (hashes: (path: string) => ReadonlyArray<string>) =>
  scene.files.flatMap(({ filePath }) => hashes(join(scene.directory, filePath)))

describe("a clip of files whose pictures", () => {
  it("differ in size has the parameters of both, and shows each picture as it was", async () => {
    scene = new SourceScene()
    scene.record(4, withSound)
    scene.record(4, { ...withSound, size: "640x360" })
    scene.record(4, withSound)
    const { path } = await scene.export(2, 10, false)
    // Sizes differ: FFmpeg makes all of one size, so the pictures of the first are compared.
    const shown = pictureHashes(path)
    expect(shown).toHaveLength(200)
    expect(placeWithin(shown.slice(0, 50), sourceOf(pictureHashes))).toBe(50)
    expect(placeWithin(shown.slice(150), sourceOf(pictureHashes))).toBe(0)
    const sound = packetHashes(path, "a")
    expect(sound.length).toBeGreaterThan(120)
  })

  it.each([
    ["are coded otherwise", { ...plainPictures, codec: "libx265" } as const, plainPictures, "video"],
    ["have sound of another form", { ...plainPictures, soundRate: 48_000 }, withSound, "sound"],
  ])(
    "%s is refused with the instant of the change; both parts can be had",
    async (_, later, first, track) => {
      scene = new SourceScene()
      scene.record(4, first)
      scene.record(4, later)
      const refused = await scene.export(1, 7, false).then(
        () => null,
        (failure: unknown) => failure,
      )
      expect(refused).toMatchObject({ _tag: "ExportFailed" })
      const { reason } = Schema.decodeUnknownSync(Schema.Struct({ reason: Schema.String }))(refused)
      const [, change = "", upTo = "", from = ""] =
        new RegExp(
          `^the ${track} changes from .* at (\\S+): ask for a clip up to (\\S+) and one from (\\S+) on$`,
        ).exec(reason) ?? []
      // Within what AAC begins before the pictures of its run.
      expect(Math.abs(Date.parse(change) - scene.startMillis - 4000)).toBeLessThanOrEqual(64)
      const secondsOf = (instant: string) => (Date.parse(instant) - scene.startMillis) / 1000
      const before = await scene.export(1, secondsOf(upTo), false)
      const after = await scene.export(secondsOf(from), 7, false)
      expect(pictureHashes(before.path)).toHaveLength(100)
      expect(pictureHashes(after.path)).toHaveLength(75)
      expect(scene.clipNames()).toEqual(["clip-2.json", "clip-2.mp4", "clip-3.json", "clip-3.mp4"])
    },
  )
})

describe("a clip of files of which only some have sound", () => {
  it.each([
    ["first", [true, false, false], 0, 4],
    ["second", [false, true, false], 4, 8],
    ["last", [false, false, true], 8, 12],
    ["last two", [false, true, true], 4, 12],
  ] as const)("has it where it was recorded: the %s", async (_, sounds, beginSeconds, endSeconds) => {
    scene = new SourceScene()
    for (const hasSound of sounds) scene.record(4, hasSound ? withSound : plainPictures)
    const { path } = await scene.export(0, 12, false)
    expect(
      placeWithin(
        packetHashes(path, "v"),
        sourceOf((file) => packetHashes(file, "v")),
      ),
    ).toBe(0)
    expect(packetHashes(path, "v")).toHaveLength(300)
    const [begin = 99, end = 0] = shownSpan(path, "a") ?? []
    expect(Math.abs(begin - beginSeconds)).toBeLessThanOrEqual(0.064)
    // Each file with sound lasts as much longer as AAC begins before its pictures.
    expect(Math.abs(end - endSeconds)).toBeLessThanOrEqual(4 * 0.064)
  })
})
