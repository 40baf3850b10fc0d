import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import * as Schema from "effect/Schema"
import { makeTestDatabase } from "../support/database.ts"
import { HealthCostAnswer, type HealthCostOrder } from "./healthCostOrder.ts"
import type { TrialGround } from "./Trial.ts"
import { rounded, type Verdict } from "./verdict.ts"

export interface HealthCostOptions extends TrialGround, Pick<HealthCostOrder, "factor" | "seconds" | "days"> {
  readonly cameras: number
}

/** An FFmpeg that does next to nothing: what is measured is the cost of looking at it. */
const startQuiet = (): ChildProcess =>
  spawn(
    "ffmpeg",
    ["-loglevel", "error", "-re", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-f", "null", "-"],
    { stdio: "ignore" },
  )

/**
 * CPU time of the health monitor alone, in a process of its own: samples of as many real FFmpeg processes, reports of
 * fragments, and windows from a real database of a month. Its clock runs fast, so that all that it does within
 * `seconds` is counted. Not counted: what the database itself does.
 */
export const measureHealthCost = async (options: HealthCostOptions): Promise<ReadonlyArray<Verdict>> => {
  const { cameras, factor, seconds, days } = options
  const { settings, dispose } = await makeTestDatabase(options.databaseServer)
  const stateDirectory = mkdtempSync(join(tmpdir(), "vigia-health-"))
  const recorders = Array.from({ length: cameras }, startQuiet)
  try {
    const order: HealthCostOrder = {
      pids: recorders.map(({ pid }) => pid ?? 0),
      factor,
      seconds,
      days,
      stateDirectory,
      database: settings,
    }
    const { stdout } = await promisify(execFile)(process.execPath, [
      resolve("test/verify/healthProgram.ts"),
      JSON.stringify(order),
    ])
    const { healthSeconds, idleSeconds, loopSeconds, firstSeconds, measuredCameras } = Schema.decodeSync(
      Schema.fromJsonString(HealthCostAnswer),
    )(stdout.slice(stdout.lastIndexOf("{")))
    const percent = (100 * (healthSeconds + loopSeconds)) / seconds
    return [
      {
        name: "health_cost",
        figures: {
          cameras,
          seconds,
          measured_cameras: measuredCameras,
          health_cpu_seconds: rounded(healthSeconds),
          event_loop_cpu_seconds: rounded(loopSeconds),
          idle_cpu_seconds: rounded(idleSeconds),
          first_windows_cpu_seconds: rounded(firstSeconds),
          percent_of_one_core: rounded(percent),
        },
        target: "all of health, the database apart, costs under 1 % of one core",
        met: percent < 1 && measuredCameras === cameras,
      },
    ]
  } finally {
    const ended = recorders.map((recorder) => once(recorder, "exit"))
    for (const recorder of recorders) recorder.kill("SIGKILL")
    await Promise.all(ended)
    await dispose()
    rmSync(stateDirectory, { recursive: true, force: true })
  }
}
