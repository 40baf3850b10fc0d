import { existsSync } from "node:fs"
import { allPids, commandLineOf, pidNamespaceOf, processStartTicks, readHostIdentity } from "./processes.ts"
import type { ProcessIdentity } from "./processes.ts"
import { hashArguments, type RunRecord } from "./runRecord.ts"
import { runDirectoryOf } from "./segments/runFiles.ts"

/** A process that writes into a run directory of ours. */
export interface LivingRun extends ProcessIdentity {
  readonly runId: string
  readonly cameraId: number
  /** Absolute path of its run directory. */
  readonly directory: string
  /** Without the program. Holds the camera's URL with its password. */
  readonly arguments: ReadonlyArray<string>
}

/** The last argument of a run: where its numbered files go. The run id is a UUID, so no other file is meant. */
const runTarget = /\/cam_([1-9]\d*)\/\.runs\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/%06d\.mp4$/

const livingRunAt = (pid: number, recordingDirectory: string): LivingRun | null => {
  const [, ...commandArguments] = commandLineOf(pid) ?? []
  const [, camera = "", runId = ""] = runTarget.exec(commandArguments.at(-1) ?? "") ?? []
  if (runId === "") return null
  const cameraId = Number(camera)
  const directory = runDirectoryOf(recordingDirectory, cameraId, runId)
  const startTicks = processStartTicks(pid)
  if (startTicks === null || !existsSync(directory)) return null
  return { pid, processStartTicks: startTicks, runId, cameraId, directory, arguments: commandArguments }
}

/**
 * All processes of this pid namespace that record into the given directory, whoever started them.
 *
 * Found by their command lines, not by our records: a run whose record was lost, cut or never written
 * (a crash right after the start) is found too, and a record whose pid was given to another process finds nothing.
 */
export const findLivingRuns = (recordingDirectory: string): ReadonlyArray<LivingRun> => {
  const { pidNamespace } = readHostIdentity()
  return allPids().flatMap((pid) => {
    const run = livingRunAt(pid, recordingDirectory)
    return run !== null && pidNamespaceOf(pid) === pidNamespace ? [run] : []
  })
}

/** Whether a record speaks of just this process: boot, namespace, pid, start time and command all agree. */
export const isRecorded = (run: LivingRun, record: RunRecord | null): record is RunRecord => {
  const host = readHostIdentity()
  return (
    record !== null &&
    record.bootId === host.bootId &&
    record.pidNamespace === host.pidNamespace &&
    record.pid === run.pid &&
    record.processStartTicks === run.processStartTicks &&
    record.cameraId === run.cameraId &&
    record.argumentsHash === hashArguments(run.arguments)
  )
}
