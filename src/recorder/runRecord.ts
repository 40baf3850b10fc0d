import {
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * What identifies the process of a run beyond doubt, also after a crash of the service.
 *
 * A pid alone is reused; with the boot, the pid namespace and the kernel's start time of the process it is not.
 */
export const RunRecord = Schema.Struct({
  runId: Schema.String,
  cameraId: Schema.Int,
  bootId: Schema.String,
  pidNamespace: Schema.String,
  pid: Schema.Int,
  /** Field 22 of `/proc/<pid>/stat` (proc(5)), in clock ticks since boot. */
  processStartTicks: Schema.String,
  startedAtMillis: Schema.Finite,
})
export type RunRecord = typeof RunRecord.Type

const RunRecordJson = Schema.fromJsonString(RunRecord)

/** The kernel's identity of this boot and this pid namespace (proc(5)). */
export const readHostIdentity = (): { readonly bootId: string; readonly pidNamespace: string } => ({
  bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  pidNamespace: readlinkSync("/proc/self/ns/pid"),
})

/** Start time of a process in ticks, or null where no such process exists. */
export const processStartTicks = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name in parentheses may hold spaces and parentheses itself: fields count from the last one.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return null
    throw error
  }
}

/** Whether the process of the record is the one that lives under its pid now. */
export const isAlive = (record: RunRecord): boolean => {
  const host = readHostIdentity()
  return (
    record.bootId === host.bootId &&
    record.pidNamespace === host.pidNamespace &&
    processStartTicks(record.pid) === record.processStartTicks
  )
}

const recordPath = (stateDirectory: string, runId: string): string =>
  join(stateDirectory, "runs", `${runId}.json`)

/** Writes the record whole or not at all. */
export const writeRunRecord = (stateDirectory: string, record: RunRecord): void => {
  mkdirSync(join(stateDirectory, "runs"), { recursive: true, mode: 0o700 })
  const path = recordPath(stateDirectory, record.runId)
  writeFileSync(`${path}.new`, Schema.encodeSync(RunRecordJson)(record), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Ends the record with its run. */
export const removeRunRecord = (stateDirectory: string, runId: string): void =>
  rmSync(recordPath(stateDirectory, runId), { force: true })

/** All readable records; one that is cut or foreign identifies nothing and is left out. */
export const readRunRecords = (stateDirectory: string): ReadonlyArray<RunRecord> => {
  const folder = join(stateDirectory, "runs")
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) =>
      Option.toArray(Schema.decodeOption(RunRecordJson)(readFileSync(join(folder, name), "utf8"))),
    )
}
