import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipAnswer, ClipFixture } from "./ClipFixture.ts"
import { packetHashes, placeWithin } from "./packetHashes.ts"

const exportsInARow = 15
/** An export waits 3 s for what was just recorded; a look at the answer takes its time, too. */
const exportPatienceMillis = 2_800

let fixture: ClipFixture
let cameraId = 0
let firstMillis = 0

beforeAll(async () => {
  fixture = await ClipFixture.start(2)
  cameraId = await fixture.camera()
  const files = await awaitFact("three files", async () => {
    const found = await fixture.recordings(cameraId)
    return found.length >= 3 ? found : null
  })
  firstMillis = Date.parse(files[0]?.start_time ?? "")
}, 120_000)

afterAll(() => fixture.stop())

/** Where an export may go wrong: what is not on disk yet, at a cut between two files, over many files. */
const rangeOf = (round: number) => {
  const to = Date.now() - round * 130
  return { from: Math.max(firstMillis, to - 1200 - (round % 7) * 1300), to }
}

describe("exports one after the other while files roll over", () => {
  it("are all ready, and reach to the end of their range, also where it is now", async () => {
    let late = 0
    for (let round = 0; round < exportsInARow; round += 1) {
      const { from, to } = rangeOf(round)
      const asked = { camera_id: cameraId, from, to, name: `${round}`, exact: round % 2 === 1 }
      const [clip, knownMillis] = await Promise.all([fixture.export(asked), fixture.untilKnown(cameraId, to)])
      // On disk later than an export waits for: the recording was held up, not the export.
      if (knownMillis > to + exportPatienceMillis) {
        late += 1
        continue
      }
      expect(clip).toMatchObject({ state: "ready", error: null, gaps: [] })
      expect(Date.parse(clip.ends_at ?? "")).toBe(to)
      const packets = packetHashes(fixture.path(clip), "v")
      // The newest file may have no row yet.
      await awaitFact(
        "its packets are those of the recordings",
        async () => placeWithin(packets, await fixture.sourceHashes(cameraId, "v")) > -1,
      )
    }
    expect(late).toBeLessThanOrEqual(exportsInARow / 5)
  }, 240_000)

  it.each(["SIGTERM", "SIGKILL", "SIGUSR2"] as const)(
    "are whole or name the end of their service: %s",
    async (signal) => {
      const ids: Array<string> = []
      for (let round = 0; round < 4; round += 1) {
        const range = { from: firstMillis, to: firstMillis + 4000 }
        const { body } = await fixture.ask({ camera_id: cameraId, ...range, name: `${signal} ${round}` })
        ids.push(Schema.decodeUnknownSync(ClipAnswer)(body).id)
      }
      await awaitFact("the first is ready", async () => (await fixture.get(ids[0] ?? "")).state === "ready")
      await fixture.service.end(signal)
      await fixture.service.start()
      const ended = await Promise.all(ids.map((id) => fixture.get(id)))
      expect(ended[0]?.state).toBe("ready")
      for (const { state, error } of ended) {
        expect([state, error]).toEqual(
          state === "ready" ? ["ready", null] : ["failed", "the service ended during the export"],
        )
      }
      const again = { camera_id: cameraId, from: firstMillis, to: Date.now(), name: `after ${signal}` }
      expect(await fixture.export(again)).toMatchObject({ state: "ready", error: null })
    },
    120_000,
  )
})
