import { afterEach, describe, expect, it } from "vitest"
import { hasChromium, playInChromium } from "./ChromiumPlayer.ts"
import { plainPictures, SourceScene } from "./SourceScene.ts"

const withSound = { ...plainPictures, soundRate: 16_000 }

let scene: SourceScene

// A browser is no part of what Vigia needs: where none is installed there is nothing to play with.
describe.skipIf(!hasChromium)("Chromium", () => {
  afterEach(() => scene.remove())

  it.each([
    ["across two files", withSound, [320, 320]],
    ["with B-frames", { ...withSound, bFrames: 2 }, [320, 320]],
    ["of files that differ in the size of their pictures", { ...withSound, size: "640x360" }, [640, 320]],
  ])(
    "plays a clip to its end and seeks in it: %s",
    async (_, later, widths) => {
      scene = new SourceScene()
      scene.record(4, { ...later, size: withSound.size })
      scene.record(4, later)
      const { path, content } = await scene.export(1.3, 7, true)
      const played = await playInChromium(path, [0.8, 0.1])
      expect(played.error).toBeNull()
      // Sound may be a packet longer; B-frames reach behind the end.
      expect(Math.abs(played.duration - content.durationSeconds)).toBeLessThan(0.25)
      expect(played.looks.map(({ width }) => width)).toEqual(widths)
      expect(played.looks.every(({ isPicture }) => isPicture)).toBe(true)
      for (const [index, share] of [0.8, 0.1].entries()) {
        expect(played.looks[index]?.seconds).toBeCloseTo(played.duration * share, 2)
      }
      expect(played.endedAt).toBeCloseTo(played.duration, 1)
      expect(played.soundBytes).toBeGreaterThan(0)
    },
    120_000,
  )
})
