import { readFileSync, rmSync } from "node:fs"
import { open } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isProcessAlive, readHostIdentity } from "../recorder/processes.ts"
import { writeAtomically } from "../storage/writeAtomically.ts"

const Process = Schema.Struct({
  pid: Schema.Int,
  /** Field 22 of `/proc/<pid>/stat` (proc(5)), in clock ticks since boot. */
  processStartTicks: Schema.String,
})

/** Who holds the locks on a pair of directories. For people, and to find its processes: the locks are what counts. */
export const Holder = Schema.Struct({
  hostName: Schema.String,
  bootId: Schema.String,
  pidNamespace: Schema.String,
  service: Process,
  guard: Process,
  /** When this life of the service began, RFC 3339 in UTC. */
  startedAt: Schema.String,
  /** How long its runs go on without it. */
  leaseMillis: Schema.Finite,
})
export type Holder = typeof Holder.Type

const HolderJson = Schema.fromJsonString(Holder)

/** Where a recordings directory says who holds it. */
export const recordingsHolderPath = (recordingDirectory: string): string =>
  join(recordingDirectory, ".vigia-service")

/** Where a state directory says who holds it. */
export const stateHolderPath = (stateDirectory: string): string => join(stateDirectory, "service.json")

/** The holder a file names; null where there is none, or one that cannot be read or is no holder file. */
export const readHolder = (path: string): Holder | null => {
  try {
    return Option.getOrNull(Schema.decodeOption(HolderJson)(readFileSync(path, "utf8")))
  } catch {
    // It only helps to name somebody: without it the locks hold just as well.
    return null
  }
}

/** Names the holder, for every user to read. Only who holds the lock may do it. */
export const writeHolder = async (path: string, holder: Holder): Promise<void> => {
  const text = `${Schema.encodeSync(HolderJson)(holder)}\n`
  try {
    await writeAtomically(path, text, 0o644)
  } catch (error) {
    // A full disk has room for no new file; what an earlier life wrote has a block of its own.
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error
    await using file = await open(path, "r+")
    await file.write(text, 0)
    await file.truncate(Buffer.byteLength(text))
  }
}

export const removeHolder = (path: string): void => rmSync(path, { force: true })

/** Whether the holder's pids mean processes that can be seen from here: same boot, same pid namespace. */
export const isHere = (holder: Holder): boolean => {
  const host = readHostIdentity()
  return holder.bootId === host.bootId && holder.pidNamespace === host.pidNamespace
}

/** Whether the service lives, and here. */
export const livesHere = (holder: Holder): boolean => isHere(holder) && isProcessAlive(holder.service)

/** The service, as part of a sentence. */
export const describeService = ({ service, hostName, startedAt }: Holder): string =>
  `the service with pid ${service.pid} on host ${hostName}, started at ${startedAt}`

/** Who has the locks, as part of a sentence. */
export const describeHolder = (holder: Holder | null): string => {
  if (holder === null) return "another service, which left no name"
  return isHere(holder) && !isProcessAlive(holder.service) && isProcessAlive(holder.guard)
    ? `the guard, pid ${holder.guard.pid}, of ${describeService(holder)}, which is gone`
    : describeService(holder)
}

/** The host, as a holder names it. */
export const ownHost = (): Pick<Holder, "hostName" | "bootId" | "pidNamespace"> => ({
  hostName: hostname(),
  ...readHostIdentity(),
})
