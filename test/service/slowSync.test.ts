import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"
import { RecordingFixture } from "./RecordingFixture.ts"

const Row = Schema.Struct({ file_path: Schema.String, state: Schema.String })

let programs: string
let fixture: RecordingFixture

beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), "vigia-programs-"))
  writeFileSync(join(programs, "sync"), '#!/bin/sh\nsleep 0.25\nPATH=/usr/bin:/bin exec sync "$@"\n', {
    mode: 0o755,
  })
  fixture = await RecordingFixture.start({
    RECORDING_SEGMENT_DURATION: "3",
    PATH: `${programs}:${process.env["PATH"]}`,
  })
  await fixture.addRecording()
  await fixture.addRecording()
})

afterAll(async () => {
  await fixture?.stop()
  rmSync(programs, { recursive: true, force: true })
})

describe("a service that is stopped while a sync is under way", () => {
  it("ends with a row for every file, and none that still grows", async () => {
    const { service } = fixture
    const files = () => globSync("cam_*/*/*.mp4", { cwd: service.recordingDirectory }).toSorted()
    for (const afterMillis of [200, 300, 400]) {
      const known = files().length
      await awaitFact("a new file", () => files().length > known)
      await new Promise((passed) => setTimeout(passed, afterMillis))
      expect(await service.end("SIGTERM")).toBe(0)
      const rows = await service.rows("SELECT file_path, state FROM recordings ORDER BY file_path")
      expect(rows.map((row) => Schema.decodeUnknownSync(Row)(row))).toEqual(
        files().map((path) => ({ file_path: path, state: "closed" })),
      )
      await service.start()
      for (const id of [1, 2]) await fixture.records(id)
    }
  }, 120_000)
})
