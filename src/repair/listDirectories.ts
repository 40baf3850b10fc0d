import { type Dirent, lstatSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { errorCode, systemErrorCode } from "../domain/errorCode.ts"
import {
  cameraIdOf,
  cameraNames,
  dayName,
  indexName,
  isNamed,
  recordingName,
  rootNames,
} from "./directoryNames.ts"
import type { CameraMemory, ListRequest, RepairError, RootListing, RootRequest } from "./repairMessages.ts"

/** What is known of a directory of a day. */
export type DayListing =
  | {
      readonly kind: "listed"
      readonly mtimeNanos: bigint
      /** Names of the recordings, without `.mp4`. */
      readonly recordings: ReadonlyArray<string>
    }
  | { readonly kind: "unchanged"; readonly mtimeNanos: bigint }
  | { readonly kind: "absent" }
  /** A symbolic link, or refused by the file system: nothing is known of what lies below. */
  | { readonly kind: "hidden" }

/** The directory of a camera at one moment. */
export interface CameraListing {
  readonly cameraId: number
  /** Whether the directory is this camera's by its `.camera` file; else nothing is adopted. */
  readonly isOurs: boolean
  /** Whether it is another's by that file: what is in it is not what the rows of this camera speak of. */
  readonly isAnothers: boolean
  /** `hidden`: a symbolic link, or refused by the file system. */
  readonly kind: "present" | "absent" | "hidden"
  readonly mtimeNanos: bigint | null
  /** Every day that is there, and those that are not any more. */
  readonly days: ReadonlyMap<string, DayListing>
  /** Days whose rows are to be compared; null for all rows. */
  readonly changedDays: ReadonlyArray<string> | null
  readonly directoriesListed: number
  readonly unowned: ReadonlyArray<string>
  readonly errors: ReadonlyArray<RepairError>
}

/** Time of the last change of a directory; null where there is none. */
const directoryTime = (path: string): bigint | null => {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stats?.isDirectory() === true ? stats.mtimeNs : null
}

/** A directory that changed so shortly before the pass may change again within the same tick of its clock. */
const coarseClockMillis = 2_000

/** The time of last change of a directory, where an equal one later on tells that nothing changed; else null. */
export const reliableTime = (mtimeNanos: bigint | null, passStartedAtMillis: number): bigint | null =>
  mtimeNanos !== null && mtimeNanos < BigInt(passStartedAtMillis - coarseClockMillis) * 1_000_000n
    ? mtimeNanos
    : null

const entriesOf = (path: string): ReadonlyArray<Dirent> => readdirSync(path, { withFileTypes: true })

/** Lists the recordings directory itself, unless it did not change. Throws what the file system refuses. */
export const listRoot = (directory: string, { memory, startedAtMillis }: RootRequest): RootListing => {
  // Before the names are read: a change in between is then seen by the next pass.
  const mtimeNanos = directoryTime(directory)
  if (memory !== null && mtimeNanos !== null && memory.mtimeNanos === mtimeNanos) {
    return { type: "root", memory, directoriesListed: 0, unowned: [] }
  }
  const cameraIds: Array<number> = []
  const linkedIds: Array<number> = []
  const unowned: Array<string> = []
  for (const entry of entriesOf(directory)) {
    const cameraId = cameraIdOf(entry.name)
    if (cameraId !== null && entry.isDirectory()) cameraIds.push(cameraId)
    else if (!isNamed(rootNames, entry.name)) unowned.push(entry.name)
    if (cameraId !== null && entry.isSymbolicLink()) linkedIds.push(cameraId)
  }
  const time = reliableTime(mtimeNanos, startedAtMillis)
  return {
    type: "root",
    memory: { mtimeNanos: time, cameraIds, linkedIds },
    directoriesListed: 1,
    unowned,
  }
}

/** Whom a `.camera` file names; null where it is none. */
const identityIn = (path: string): string | null => {
  try {
    const known: unknown = JSON.parse(readFileSync(path, "utf8"))
    const isObject = typeof known === "object" && known !== null && "identity" in known
    return isObject && typeof known.identity === "string" ? known.identity : null
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === "ENOENT") return null
    throw error
  }
}

/** Lists the directory of a camera and its days; of what did not change since `memory`, only that. */
export const listCamera = (recordingsDirectory: string, request: ListRequest): CameraListing => {
  const lister = new CameraLister(recordingsDirectory, request.cameraId)
  return request.isLinked ? lister.answer("hidden") : lister.list(request)
}

class CameraLister {
  readonly #recordingsDirectory: string
  readonly #cameraId: number
  readonly #name: string
  readonly #days = new Map<string, DayListing>()
  readonly #unowned: Array<string> = []
  /** Of another camera's directory nothing is said but itself. */
  readonly #foreign: Array<string> = []
  readonly #errors: Array<RepairError> = []
  #isOurs = false
  #isAnothers = false
  #mtimeNanos: bigint | null = null
  #isChangedOnly = false
  #directoriesListed = 0

  constructor(recordingsDirectory: string, cameraId: number) {
    this.#recordingsDirectory = recordingsDirectory
    this.#cameraId = cameraId
    this.#name = `cam_${cameraId}`
  }

  list({ identity, memory }: ListRequest): CameraListing {
    const path = join(this.#recordingsDirectory, this.#name)
    try {
      this.#mtimeNanos = directoryTime(path)
      if (this.#mtimeNanos === null) return this.answer("absent")
      const named = identityIn(join(path, ".camera"))
      this.#isOurs = named === identity
      this.#isAnothers = named !== null && named !== identity
      const known = memory?.isOurs === this.#isOurs && !this.#isAnothers ? memory : null
      this.#isChangedOnly = known !== null
      this.#listDays(path, known)
    } catch (error) {
      if (errorCode(error) === "ENOENT") return this.answer("absent")
      this.#refused(this.#name, error)
      return this.answer("hidden")
    }
    return this.answer("present")
  }

  answer(kind: CameraListing["kind"]): CameraListing {
    return {
      cameraId: this.#cameraId,
      isOurs: this.#isOurs,
      isAnothers: this.#isAnothers,
      kind,
      mtimeNanos: this.#mtimeNanos,
      days: this.#days,
      changedDays: this.#changedDays(kind),
      directoriesListed: this.#directoriesListed,
      unowned: this.#isOurs ? this.#unowned : this.#foreign,
      errors: this.#errors,
    }
  }

  #changedDays(kind: CameraListing["kind"]): ReadonlyArray<string> | null {
    if (kind === "hidden") return []
    if (kind === "absent" || !this.#isChangedOnly) return null
    return [...this.#days].flatMap(([day, { kind: state }]) =>
      state === "listed" || state === "absent" ? [day] : [],
    )
  }

  #listDays(path: string, known: CameraMemory | null): void {
    if (known !== null && known.mtimeNanos === this.#mtimeNanos) {
      for (const [day, mtimeNanos] of known.days) this.#days.set(day, this.#listDay(day, mtimeNanos))
      return
    }
    const entries = entriesOf(path)
    for (const entry of entries) {
      const day = entry.name
      if (isNamed(cameraNames, day)) continue
      const isDay = dayName.test(day)
      if (isDay && entry.isDirectory()) this.#days.set(day, this.#listDay(day, known?.days.get(day) ?? null))
      else this.#unowned.push(`${this.#name}/${day}`)
      if (isDay && entry.isSymbolicLink()) this.#days.set(day, { kind: "hidden" })
    }
    this.#directoriesListed += 1
    // One that holds nothing yet may be that of a camera that is just being added.
    const isBegun = entries.some(({ name }) => !name.startsWith(".camera."))
    if (!this.#isOurs && isBegun) this.#foreign.push(this.#name)
    for (const day of known?.days.keys() ?? []) {
      if (!this.#days.has(day)) this.#days.set(day, { kind: "absent" })
    }
  }

  #listDay(day: string, knownNanos: bigint | null): DayListing {
    const name = `${this.#name}/${day}`
    const path = join(this.#recordingsDirectory, name)
    try {
      const mtimeNanos = directoryTime(path)
      if (mtimeNanos === null) return { kind: "absent" }
      if (mtimeNanos === knownNanos) return { kind: "unchanged", mtimeNanos }
      const recordings = this.#recordingsIn(name, entriesOf(path))
      this.#directoriesListed += 1
      return { kind: "listed", mtimeNanos, recordings }
    } catch (error) {
      if (errorCode(error) === "ENOENT") return { kind: "absent" }
      this.#refused(name, error)
      return { kind: "hidden" }
    }
  }

  #recordingsIn(directory: string, entries: ReadonlyArray<Dirent>): ReadonlyArray<string> {
    const recordings: Array<string> = []
    const indexes: Array<string> = []
    for (const entry of entries) {
      const recording = entry.isFile() ? recordingName.exec(entry.name)?.[1] : undefined
      const index = entry.isFile() ? indexName.exec(entry.name)?.[1] : undefined
      if (recording !== undefined) recordings.push(recording)
      else if (index !== undefined) indexes.push(index)
      else this.#unowned.push(`${directory}/${entry.name}`)
    }
    if (indexes.length > 0) {
      const known = new Set(recordings)
      for (const index of indexes) if (!known.has(index)) this.#unowned.push(`${directory}/${index}.idx`)
    }
    return recordings
  }

  #refused(path: string, error: unknown): void {
    const reason = systemErrorCode(error)
    // Not of the file system: a fault of ours.
    if (reason === null) throw error
    this.#errors.push({ path, reason })
  }
}
