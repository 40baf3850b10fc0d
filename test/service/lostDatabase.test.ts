import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { LostDatabaseFixture } from "./LostDatabaseFixture.ts"

let fixture: LostDatabaseFixture

const pids = () => fixture.service.runs().map(({ cameraId, pid }) => `camera ${cameraId}: ${pid}`)

beforeAll(async () => {
  fixture = await LostDatabaseFixture.start()
}, 120_000)

afterAll(() => fixture.stop())

describe("a database that is lost as a whole", () => {
  it("while nothing runs is rebuilt from the disk: owners, cameras, switches, ids and recordings", async () => {
    const before = await fixture.inventory()
    await awaitFact("some files are closed", () => fixture.files().length >= 8)
    expect(await fixture.service.end("SIGTERM")).toBe(0)
    const files = fixture.files()
    const listed = await fixture.recordings()
    expect(listed.map(({ path }) => path)).toEqual(files)
    await fixture.loseDatabase()

    await fixture.life()

    await fixture.allRecord([1, 2])
    expect(await fixture.inventory()).toEqual(before)
    expect(before.cameras).toMatchObject([
      { id: 1, owner_id: 1, recording_enabled: true },
      { id: 2, owner_id: 2, recording_enabled: true },
      { id: 3, owner_id: 1, recording_enabled: false },
    ])
    expect(before.owners).toMatchObject({
      owners: [
        { id: 1, plan: "pro" },
        { id: 2, plan: "premium" },
        { id: 3, plan: "premium" },
      ],
    })
    expect(before.identities).toHaveLength(4)
    expect((await fixture.service.request("GET", "/api/cameras/4")).status).toBe(404)
    for (const directory of ["cam_1/", "cam_2/"]) {
      await awaitFact(`a new file in ${directory}`, () =>
        fixture.files().some((path) => path.startsWith(directory) && !files.includes(path)),
      )
    }
    const lost = new Set(files)
    const found = await awaitFact("the recordings are listed again", async () => {
      const rows = (await fixture.recordings()).filter((row) => lost.has(row.path))
      return rows.length === files.length ? rows : null
    })
    expect(found).toEqual(listed)
  }, 120_000)

  it("while FFmpeg lives on: the service was killed, and adopts the same processes", async () => {
    const before = await fixture.inventory()
    const recording = pids()
    expect(recording).toHaveLength(2)
    await fixture.service.end("SIGKILL")
    const files = fixture.files()
    await fixture.loseDatabase()

    await fixture.life()

    await fixture.allRecord([1, 2])
    expect(pids()).toEqual(recording)
    expect((await fixture.inventory()).owners).toEqual(before.owners)
    expect((await fixture.inventory()).identities).toEqual(before.identities)
    await awaitFact("all recordings are listed again", async () => {
      const rows = await fixture.recordings()
      return files.every((path) => rows.some((row) => row.path === path))
    })
  }, 120_000)

  it("and whose rebuild is cut short by another kill, time after time, is rebuilt all the same", async () => {
    const before = await fixture.inventory()
    await fixture.service.end("SIGTERM")
    for (const words of ["the database does not know 4 cameras", "is rebuilt from its .camera file"]) {
      await fixture.loseDatabase()
      await fixture.lifeKilledAt(words)
      await fixture.lifeKilledAt("listening at")
      expect(fixture.identities()).toEqual(before.identities)
    }
    await fixture.life()
    await fixture.allRecord([1, 2])
    expect(await fixture.inventory()).toEqual(before)
    expect(fixture.service.runs()).toHaveLength(2)
  }, 120_000)

  it("gives a new camera an id above every directory on disk, also of one that nobody knows", async () => {
    const id = await fixture.addCamera(2)
    expect(id).toBe(71)
    await fixture.allRecord([71])
  })
})
