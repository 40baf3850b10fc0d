import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { faultOfClip } from "./clipStamps.ts"
import { packetHashes, placeWithin } from "./packetHashes.ts"
import { SourceScene } from "./SourceScene.ts"
import { frameMillis, framesPerSecond } from "./stampedRun.ts"

const segmentSeconds = 16
const groupMillis = 1000

let scene: SourceScene
let source: ReadonlyArray<string> = []

beforeAll(async () => {
  scene = new SourceScene()
  // The pictures come again every 4 s, and no two packets are alike.
  await scene.recordStamped("h264-360p", segmentSeconds, 2)
  source = scene.files.flatMap(({ filePath }) => packetHashes(join(scene.directory, filePath), "v"))
})
afterAll(() => scene.remove())

/** A short form of `npm run verify -- --only clips`, to which the limit of 1 s belongs: here other tests run beside. */
describe("a clip across two files of pictures that come again", () => {
  it.each([
    [11.02, 21.02],
    [3.51, 29.37],
    [15.98, 16.06],
  ])(
    "has the packets of its own time, each of them once: %d-%d s",
    async (fromSeconds, toSeconds) => {
      const { path, content } = await scene.export(fromSeconds, toSeconds, false)
      const firstFrame = Math.floor(fromSeconds) * framesPerSecond
      const hashes = packetHashes(path, "v")
      expect(placeWithin(hashes, source)).toBe(firstFrame)
      expect(new Set(source).size).toBe(source.length)
      const placed = {
        path,
        fromMillis: scene.startMillis + fromSeconds * 1000,
        toMillis: scene.startMillis + toSeconds * 1000,
        groupMillis,
        ...content,
      }
      expect(faultOfClip(placed, frameMillis)).toBeNull()
      expect(content.gaps).toEqual([])
      // The same pictures 4 s later are another clip.
      const moved = {
        fromMillis: placed.fromMillis + 4000,
        toMillis: placed.toMillis + 4000,
        startMillis: content.startMillis + 4000,
        endMillis: content.endMillis + 4000,
      }
      expect(faultOfClip({ ...placed, ...moved }, frameMillis)).not.toBeNull()
    },
    30_000,
  )
})
