import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { childrenOf } from "../service/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { ClipFixture } from "./ClipFixture.ts"
import { packetHashes } from "./packetHashes.ts"

let fixture: ClipFixture

beforeAll(async () => {
  fixture = await ClipFixture.start(3600, { RECORDING_SYNC_INTERVAL: "0.5" })
})

afterAll(() => fixture.stop())

/** The processes of the service that sync. */
const syncers = (): ReadonlyArray<number> =>
  childrenOf(fixture.service.pid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("vigia-sync"),
  )

describe("a clip of what is recorded while the disk is slow", () => {
  it("is made of files that have no row yet", async () => {
    await fixture.camera()
    const pids = await awaitFact("both sync processes run", () => (syncers().length === 2 ? syncers() : null))
    for (const pid of pids) process.kill(pid, "SIGSTOP")
    const cameraId = await fixture.camera()
    const recordsMillis = Date.now()
    await awaitFact("it has recorded for some seconds", () => Date.now() > recordsMillis + 4_000)
    expect(await fixture.recordings(cameraId)).toEqual([])
    const to = Date.now() - 500
    const clip = await fixture.export({ camera_id: cameraId, from: to - 2_000, to, name: "no row yet" })
    expect(clip).toMatchObject({ state: "ready", error: null })
    expect(await fixture.recordings(cameraId)).toEqual([])
    expect(packetHashes(fixture.path(clip), "v").length).toBeGreaterThanOrEqual(49)
    for (const pid of pids) process.kill(pid, "SIGCONT")
    await awaitFact("the camera has its row", async () => (await fixture.recordings(cameraId)).length === 1)
  })
})
