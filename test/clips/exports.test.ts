import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipFixture } from "./ClipFixture.ts"
import { packetHashes, placeWithin, shownFrames } from "./packetHashes.ts"

let fixture: ClipFixture
let cameraId = 0
/** Bounds of what was recorded by the two runs. */
let firstRun = { from: 0, to: 0 }
let secondRunFrom = 0

const filesOf = async (count: number) =>
  awaitFact(`${count} files`, async () => {
    const files = await fixture.recordings(cameraId)
    return files.length >= count ? files : null
  })

beforeAll(async () => {
  fixture = await ClipFixture.start(4)
  cameraId = await fixture.camera()
  // Files are cut on the clock, so the first may be short: two whole ones.
  await filesOf(4)
  await fixture.stopCamera(cameraId)
  const files = await awaitFact("the last file of the run is closed", async () => {
    const found = await fixture.recordings(cameraId)
    return found.every(({ state }) => state === "closed") ? found : null
  })
  firstRun = { from: Date.parse(files[0]?.start_time ?? ""), to: Date.parse(files.at(-1)?.end_time ?? "") }
  // Runs that are closer than that touch each other.
  await awaitFact("a second has passed", () => Date.now() > firstRun.to + 1000)
  await fixture.startCamera(cameraId)
  const later = await filesOf(files.length + 2)
  secondRunFrom = Date.parse(later[files.length]?.start_time ?? "")
}, 120_000)

afterAll(() => fixture.stop())

/** The two boxes of a file whose order matters to a player. */
const boxOrder = (path: string) => {
  const text = readFileSync(path).toString("latin1")
  return [text.indexOf("moov"), text.indexOf("mdat")]
}

describe("a clip", () => {
  it("across the files of a run has the packets of the source, from the keyframe before its beginning on", async () => {
    const from = firstRun.from + 2700
    const clip = await fixture.export({ camera_id: cameraId, from, to: from + 5000, name: "Front door" })
    expect(clip).toMatchObject({ state: "ready", progress: 1, error: null, gaps: [] })
    expect(clip.file_path).toBe(`cam_${cameraId}/clips/front-door.mp4`)
    const path = fixture.path(clip)
    const video = packetHashes(path, "v")
    expect(placeWithin(video, await fixture.sourceHashes(cameraId, "v"))).toBeGreaterThan(0)
    expect(placeWithin(packetHashes(path, "a"), await fixture.sourceHashes(cameraId, "a"))).toBeGreaterThan(
      -1,
    )
    const snapMillis = from - Date.parse(clip.starts_at ?? "")
    expect(snapMillis).toBeGreaterThanOrEqual(0)
    expect(snapMillis).toBeLessThan(2500)
    expect(Math.abs(video.length * 40 - (clip.duration ?? 0) * 1000)).toBeLessThanOrEqual(40)
    expect(Math.abs((clip.duration ?? 0) * 1000 - (5000 + snapMillis))).toBeLessThan(200)
    expect(Date.parse(clip.ends_at ?? "")).toBe(from + 5000)
    const [moov = 0, mdat = 0] = boxOrder(path)
    expect(moov).toBeGreaterThan(0)
    expect(moov).toBeLessThan(mdat)
  })

  it("across a gap and two runs, and into the growing file, has all packets of both, and tells the gap", async () => {
    const to = Date.now() - 1500
    await fixture.untilKnown(cameraId, to)
    const clip = await fixture.export({ camera_id: cameraId, from: firstRun.to - 3000, to, name: "gap" })
    expect(clip.state).toBe("ready")
    const video = packetHashes(fixture.path(clip), "v")
    expect(placeWithin(video, await fixture.sourceHashes(cameraId, "v"))).toBeGreaterThan(0)
    const shownMillis = firstRun.to - Date.parse(clip.starts_at ?? "") + (to - secondRunFrom)
    expect(Math.abs(video.length * 40 - (clip.duration ?? 0) * 1000)).toBeLessThanOrEqual(40 + 64)
    expect(clip.gaps?.length).toBeGreaterThan(0)
    const missing = (clip.gaps ?? []).reduce((sum, gap) => sum + Date.parse(gap.to) - Date.parse(gap.from), 0)
    expect(Math.abs(missing - (secondRunFrom - firstRun.to))).toBeLessThan(200)
    expect(Math.abs((clip.duration ?? 0) * 1000 - shownMillis)).toBeLessThan(300)
  })

  it("with exact bounds shows nothing before its beginning, with the same packets", async () => {
    const from = firstRun.from + 3300
    const clip = await fixture.export({
      camera_id: cameraId,
      from,
      to: from + 3000,
      name: "exact",
      exact: true,
    })
    expect(clip.starts_at).toBe(new Date(from).toISOString())
    expect(clip.duration).toBeCloseTo(3, 1)
    const path = fixture.path(clip)
    const video = packetHashes(path, "v")
    expect(placeWithin(video, await fixture.sourceHashes(cameraId, "v"))).toBeGreaterThan(0)
    const shown = shownFrames(path)
    expect(Math.abs(shown - 75)).toBeLessThanOrEqual(1)
    expect(video.length).toBeGreaterThan(shown)
  })
})
