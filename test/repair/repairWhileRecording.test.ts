import { globSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import type { VigiaService } from "../support/VigiaService.ts"
import { Trial } from "../verify/Trial.ts"
import { RepairAnswer } from "./repairAnswer.ts"

const filesOf = ({ recordingDirectory }: VigiaService, cameraId: number): ReadonlyArray<string> =>
  globSync(`${recordingDirectory}/cam_${cameraId}/*/*.mp4`)
    .map((path) => relative(recordingDirectory, path))
    .toSorted()

const repairOf = async (service: VigiaService, method: "GET" | "POST"): Promise<RepairAnswer> => {
  const { status, body } = await service.request(method, "/api/repair/")
  expect(status).toBe(method === "GET" ? 200 : 202)
  return Schema.decodeUnknownSync(RepairAnswer)(body)
}

describe("a service that repairs while it records", () => {
  it("loses and doubles nothing, however often it compares", async () => {
    const names = ["a", "b"]
    const environment = { RECORDING_SEGMENT_DURATION: "2", RECORDING_REPAIR_INTERVAL: "0.2" }
    const options = { seed: 1, environment, cameras: names.map((path) => ({ path })) }
    await Trial.run(options, async (trial) => {
      const { service, simulator } = trial
      const ids: Array<number> = []
      for (const name of names) ids.push(await trial.add(name, simulator.camera(name).url))
      let fullPasses = 0
      await awaitFact(
        "each camera has eight files, and full passes ran beside them",
        async () => {
          const { running, last } = await repairOf(service, "GET")
          if (!running) await repairOf(service, "POST")
          if (last?.kind === "full" && last.files_examined > 0) fullPasses += 1
          return fullPasses > 10 && ids.every((id) => filesOf(service, id).length >= 8)
        },
        90_000,
      )
      await trial.stopAll(ids)
      for (const id of ids) {
        await awaitFact("every file has one row, and every row a file", async () => {
          const rows = await trial.recordings(id)
          const paths = rows.map(({ file_path }) => file_path).toSorted()
          const isSettled = rows.every(({ state }) => state === "closed")
          return isSettled && JSON.stringify(paths) === JSON.stringify(filesOf(service, id))
        })
      }
      // A pass that adopts, settles or misses anything says so.
      expect(service.log).not.toContain("compared disk and catalog")
    })
  }, 120_000)

  it("answers for its last pass, and for one that is asked for", async () => {
    await Trial.run({ seed: 1, cameras: [] }, async ({ service }) => {
      await awaitFact("the pass after the start has ended", async () => {
        const { running, last } = await repairOf(service, "GET")
        return !running && last?.kind === "full"
      })
      writeFileSync(join(service.recordingDirectory, "photo.jpg"), "x")
      expect((await repairOf(service, "POST")).running).toBe(true)
      const { last } = await awaitFact("the pass has ended", async () => {
        const answer = await repairOf(service, "GET")
        return !answer.running && answer.last?.unowned === 1 ? answer : null
      })
      expect(last).toMatchObject({ kind: "full", complete: true, unowned_paths: ["photo.jpg"], errors: [] })
      expect(service.log).toContain("belongs to nobody, and is left alone: photo.jpg")
      expect((await service.request("DELETE", "/api/repair")).status).toBe(405)
    })
  })
})
