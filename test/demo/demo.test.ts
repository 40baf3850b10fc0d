import { execFileSync, spawn } from "node:child_process"
import { globSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { awaitFact } from "../support/awaitFact.ts"

const directory = mkdtempSync(join(tmpdir(), "vigia-demo-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const decodedFrames = (path: string): number =>
  Number(
    execFileSync(
      "ffprobe",
      [
        ["-v", "error", "-count_frames", "-select_streams", "v:0"],
        ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path],
      ].flat(),
      { encoding: "utf8" },
    ).replaceAll(/[^\d]/g, ""),
  )

it("records four cameras on embedded defaults and ends cleanly on Ctrl-C", async () => {
  const demo = spawn(process.execPath, ["src/demo/main.ts", "--directory", directory], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let output = ""
  demo.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
  demo.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const exit = new Promise<number | null>((resolve) => demo.once("exit", resolve))

  await awaitFact(
    "every camera has written to two files",
    () => {
      const files = globSync(`${directory}/recordings/cam_*/*/*.mp4`)
      return [1, 2, 3, 4].every((id) => files.filter((file) => file.includes(`/cam_${id}/`)).length >= 2)
    },
    60_000,
  )
  demo.kill("SIGINT")
  demo.kill("SIGINT")

  expect(await exit).toBe(0)
  for (const name of ["Yard", "Till", "Gate", "Door"]) {
    expect(output).toMatch(new RegExp(`${name} .*: \\d+\\.\\d s recorded`))
  }
  const files = globSync(`${directory}/recordings/cam_*/*/*.mp4`)
  expect(files.length).toBeGreaterThanOrEqual(8)
  for (const file of files) expect(decodedFrames(file)).toBeGreaterThan(0)
  // Nothing is left unsettled, and no run without its end.
  expect(globSync(`${directory}/recordings/cam_*/.runs/*`)).toEqual([])
  expect(globSync(`${directory}/runs/*`)).toEqual([])
}, 120_000)
