import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * What identifies the process of a run beyond doubt, also after a crash of the service.
 *
 * A pid alone is reused; with the boot, the pid namespace, the kernel's start time of the process and its
 * command line it is not.
 */
export const RunRecord = Schema.Struct({
  runId: Schema.String,
  cameraId: Schema.Int,
  bootId: Schema.String,
  pidNamespace: Schema.String,
  pid: Schema.Int,
  /** Field 22 of `/proc/<pid>/stat` (proc(5)), in clock ticks since boot. */
  processStartTicks: Schema.String,
  /** Where FFmpeg writes its numbered files. */
  directory: Schema.String,
  /** Unix milliseconds; null where the record was lost and written anew. */
  startedAtMillis: Schema.NullOr(Schema.Finite),
  /** Of the command line without its program; the arguments themselves hold the camera's password. */
  argumentsHash: Schema.String,
})
export type RunRecord = typeof RunRecord.Type

const RunRecordJson = Schema.fromJsonString(RunRecord)

/** SHA-256 of the arguments of a command line; the run's own directory among them makes each unlike any other. */
export const hashArguments = (commandArguments: ReadonlyArray<string>): string =>
  createHash("sha256").update(commandArguments.join("\0")).digest("hex")

const recordPath = (stateDirectory: string, runId: string): string =>
  join(stateDirectory, "runs", `${runId}.json`)

/** Writes the record whole or not at all. */
export const writeRunRecord = (stateDirectory: string, record: RunRecord): void => {
  mkdirSync(join(stateDirectory, "runs"), { recursive: true, mode: 0o700 })
  const path = recordPath(stateDirectory, record.runId)
  try {
    writeFileSync(`${path}.new`, Schema.encodeSync(RunRecordJson)(record), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch (error) {
    rmSync(`${path}.new`, { force: true })
    throw error
  }
}

/** Ends the record with its run. */
export const removeRunRecord = (stateDirectory: string, runId: string): void =>
  rmSync(recordPath(stateDirectory, runId), { force: true })

/** The run ids of all records, readable or not. */
export const recordedRunIds = (stateDirectory: string): ReadonlyArray<string> => {
  const folder = join(stateDirectory, "runs")
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
}

/** The record of a run; null where there is none, or one that is cut or foreign: it identifies nothing. */
export const readRunRecord = (stateDirectory: string, runId: string): RunRecord | null => {
  try {
    const text = readFileSync(recordPath(stateDirectory, runId), "utf8")
    return Option.getOrNull(Schema.decodeOption(RunRecordJson)(text))
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null
    throw error
  }
}
