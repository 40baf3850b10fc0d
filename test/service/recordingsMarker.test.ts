import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { RecordingFixture } from "./RecordingFixture.ts"

const opened: { fixture: RecordingFixture | null } = { fixture: null }

const running = (): RecordingFixture => {
  if (opened.fixture === null) throw new Error("the service was not started")
  return opened.fixture
}

beforeAll(async () => {
  opened.fixture = await RecordingFixture.start({ RECORDING_RETRY_INITIAL: "0.5" })
})

afterAll(() => opened.fixture?.stop())

describe("a recordings directory without its marker", () => {
  it("gets the marker at the first start, if it is empty", () => {
    expect(existsSync(join(running().service.recordingDirectory, ".vigia"))).toBe(true)
  })

  it("is refused at the first start, if it holds anything else", async () => {
    const service = await VigiaService.make()
    try {
      mkdirSync(service.recordingDirectory, { recursive: true })
      writeFileSync(join(service.recordingDirectory, "holiday.jpg"), "")
      await service.start()
      expect(await service.end()).toBe(1)
      expect(service.log.trimEnd().split("\n").at(-1)).toMatch(/^vigia: .*\.vigia/)
      expect(readdirSync(service.recordingDirectory)).toEqual(["holiday.jpg"])
    } finally {
      await service.remove()
    }
  })

  it("is refused at a later start, even if it is empty: a mount is missing", async () => {
    const service = await VigiaService.start()
    try {
      await service.end()
      rmSync(service.recordingDirectory, { recursive: true })
      mkdirSync(service.recordingDirectory)
      await service.start()
      expect(await service.end()).toBe(1)
      expect(service.log.trimEnd().split("\n").at(-1)).toMatch(/^vigia: .*\.vigia/)
      expect(readdirSync(service.recordingDirectory)).toEqual([])
    } finally {
      await service.remove()
    }
  })

  it("gets no new recording while the service runs, until the marker is back", async () => {
    const marker = join(running().service.recordingDirectory, ".vigia")
    const text = readFileSync(marker)
    const others = running().service.runs()
    const camera = await running().simulate()
    rmSync(marker)
    const id = await running().add(camera.url)
    await awaitFact("the camera waits", async () => (await running().status(id)).state === "backoff")
    expect(await running().status(id)).toMatchObject({ is_recording: false, cause: "disk_failed" })
    expect(running().service.runs()).toEqual(others)
    expect((await camera.counters()).connections).toBe(0)
    writeFileSync(marker, text)
    await running().records(id)
  })
})
