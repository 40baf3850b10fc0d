import { lstatSync, type Stats } from "node:fs"
import type { SegmentSummary } from "../domain/Segment.ts"
import { errorCode, systemErrorCode } from "../domain/errorCode.ts"
import { readSegment } from "../recorder/segments/readSegment.ts"
import type { DirectoryRows } from "../storage/RepairStore.ts"
import { claimedFiles } from "./claimedFiles.ts"
import { type CameraListing, reliableTime } from "./listDirectories.ts"
import type { CameraMemory, CompareEnd, CompareRequest, RepairError } from "./repairMessages.ts"

/** What a file is found to be; paths are relative to the recordings directory. */
export type Finding =
  | { readonly type: "adopt"; readonly summary: SegmentSummary }
  | { readonly type: "reread"; readonly summary: SegmentSummary; readonly isRestored: boolean }
  | { readonly type: "absent"; readonly path: string }
  | { readonly type: "hollow"; readonly path: string }
  | { readonly type: "unowned"; readonly path: string }
  | { readonly type: "error"; readonly error: RepairError }

/** A row as `DirectoryRows` writes it. */
interface ComparedRow {
  readonly state: string
  readonly sizeBytes: number
}

/** The last instant whose year has four digits. */
const lastInstantMillis = 253_402_300_799_000

/** Holds the files of one camera against its rows; nothing on disk is changed. */
export class CameraComparison {
  readonly #recordingsDirectory: string
  readonly #listing: CameraListing
  readonly #request: CompareRequest
  readonly #rows: ReadonlyMap<string, string>
  /** Days to be listed again by the next pass: something there was left to it. */
  readonly #open = new Set<string>()
  #claimed: ReadonlySet<string> = new Set()
  #filesExamined = 0
  #rowsCompared = 0
  #postponed = 0

  constructor(recordingsDirectory: string, listing: CameraListing, request: CompareRequest) {
    this.#recordingsDirectory = recordingsDirectory
    this.#listing = listing
    this.#request = request
    this.#rows = new Map(request.rows.map(({ directory, text }: DirectoryRows) => [directory, text]))
  }

  *findings(): Generator<Finding, void> {
    const { cameraId, kind, days, unowned, errors } = this.#listing
    for (const path of unowned) yield { type: "unowned", path }
    for (const error of errors) yield { type: "error", error }
    if (kind === "hidden") return
    try {
      this.#claimed = claimedFiles(this.#recordingsDirectory, cameraId)
    } catch (error) {
      yield this.#refused(`cam_${cameraId}/.runs`, error)
      this.#open.add("")
      return
    }
    for (const [day, { kind: state }] of days) {
      if (state === "hidden") this.#open.add(day)
      else yield* this.#day(day)
    }
    for (const day of this.#rows.keys()) if (!days.has(day)) yield* this.#day(day)
  }

  /** Once all findings were taken. */
  get end(): CompareEnd {
    const { isOurs, days, mtimeNanos, directoriesListed } = this.#listing
    const memory: CameraMemory = {
      isOurs,
      mtimeNanos: this.#open.has("") ? null : this.#settled(mtimeNanos),
      days: new Map(
        [...days].flatMap(([day, listing]) => {
          if (listing.kind === "absent" && !this.#open.has(day)) return []
          const isSeen = listing.kind === "listed" || listing.kind === "unchanged"
          return [[day, isSeen && !this.#open.has(day) ? this.#settled(listing.mtimeNanos) : null]]
        }),
      ),
    }
    return {
      memory,
      directoriesListed,
      filesExamined: this.#filesExamined,
      rows: this.#rowsCompared,
      postponed: this.#postponed,
    }
  }

  #settled(mtimeNanos: bigint | null): bigint | null {
    return reliableTime(mtimeNanos, this.#request.startedAtMillis)
  }

  *#day(day: string): Generator<Finding, void> {
    const listing = this.#listing.days.get(day)
    const rows = rowsIn(this.#rows.get(day) ?? "")
    this.#rowsCompared += rows.size
    const directory = `cam_${this.#listing.cameraId}/${day}`
    for (const name of listing?.kind === "listed" ? listing.recordings : []) {
      const row = rows.get(name)
      rows.delete(name)
      const filePath = `${directory}/${name}.mp4`
      if (row !== undefined) yield* this.#known(day, filePath, rowOf(row))
      else if (this.#listing.isOurs) yield* this.#orphan(day, filePath)
    }
    for (const [name, row] of rows) {
      yield* this.#known(day, day === "" ? name : `${directory}/${name}.mp4`, rowOf(row))
    }
  }

  *#known(day: string, filePath: string, row: ComparedRow): Generator<Finding, void> {
    // Whoever deletes it says what becomes of it.
    if (row.state === "d") return
    if (this.#listing.isAnothers) {
      // Whatever has that name there is another camera's.
      if (this.#isBusy(filePath)) return this.#postpone(day)
      if (row.state !== "m") yield { type: "hollow", path: filePath }
      return
    }
    try {
      const stats = this.#statsOf(filePath)
      const isBusy = this.#isBusy(filePath)
      if (stats === undefined || !stats.isFile()) {
        // A symbolic link is no file of ours, but its row is not without a file either.
        if (stats?.isSymbolicLink() === true) return
        if (isBusy) return this.#postpone(day)
        if (row.state === "m") return
        this.#open.add(day)
        yield { type: "absent", path: filePath }
        return
      }
      const isAsKnown =
        !this.#request.unsettled.has(filePath) &&
        (row.state === "c"
          ? stats.size >= row.sizeBytes
          : row.state === "t"
            ? stats.size === row.sizeBytes
            : row.state === "g" && isBusy)
      if (isAsKnown) return
      if (this.#isForLater(filePath, stats)) return this.#postpone(day)
      yield* this.#reread(day, filePath, row)
    } catch (error) {
      yield* this.#unreadable(day, filePath, error)
    }
  }

  *#reread(day: string, filePath: string, row: ComparedRow): Generator<Finding, void> {
    const summary = this.#read(filePath)
    if (summary !== null) {
      // What comes after the last whole fragment is no recording.
      if (row.state === "t" && summary.sizeBytes === row.sizeBytes) return
      const isRestored = row.state === "m" && summary.sizeBytes >= row.sizeBytes
      yield { type: "reread", summary, isRestored }
    } else if (row.state !== "m") {
      this.#open.add(day)
      yield { type: "hollow", path: filePath }
    }
  }

  *#orphan(day: string, filePath: string): Generator<Finding, void> {
    try {
      const stats = this.#statsOf(filePath)
      if (stats === undefined || this.#isBusy(filePath) || this.#isForLater(filePath, stats)) {
        return this.#postpone(day)
      }
      const summary = this.#read(filePath)
      if (summary === null) yield { type: "unowned", path: filePath }
      else if (isStorable(summary)) yield { type: "adopt", summary }
      else yield { type: "error", error: { path: filePath, reason: "its time cannot be told" } }
    } catch (error) {
      yield* this.#unreadable(day, filePath, error)
    }
  }

  #statsOf(filePath: string): Stats | undefined {
    this.#filesExamined += 1
    return lstatSync(`${this.#recordingsDirectory}/${filePath}`, { throwIfNoEntry: false })
  }

  #read(filePath: string): SegmentSummary | null {
    const { cameraId } = this.#listing
    const details = readSegment(this.#recordingsDirectory, cameraId, filePath)
    // The index beside it may come from elsewhere, with the file.
    return details === null ? null : { ...details.summary, cameraId, filePath, state: "closed" }
  }

  #isBusy(filePath: string): boolean {
    return this.#request.busy.has(filePath) || this.#claimed.has(filePath)
  }

  #isForLater(filePath: string, { mtimeMs }: Stats): boolean {
    if (this.#request.unsettled.has(filePath)) return this.#claimed.has(filePath)
    const isYoung = Math.abs(this.#request.startedAtMillis - mtimeMs) < this.#request.youngMillis
    return isYoung || this.#isBusy(filePath)
  }

  #postpone(day: string): void {
    this.#postponed += 1
    this.#open.add(day)
  }

  *#unreadable(day: string, path: string, error: unknown): Generator<Finding, void> {
    // Gone or renamed since its directory was read.
    if (errorCode(error) === "ENOENT") return this.#postpone(day)
    this.#open.add(day)
    yield this.#refused(path, error)
  }

  #refused(path: string, error: unknown): Finding {
    const reason = systemErrorCode(error)
    // Not of the file system: a fault of ours.
    if (reason === null) throw error
    return { type: "error", error: { path, reason } }
  }
}

/** By name; a row is its state and size, as in `c1048576`. */
const rowsIn = (text: string): Map<string, string> => {
  const rows = new Map<string, string>()
  if (text === "") return rows
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ")
    rows.set(line.slice(space + 1), line.slice(0, space))
  }
  return rows
}

const rowOf = (text: string): ComparedRow => ({ state: text.slice(0, 1), sizeBytes: Number(text.slice(1)) })

const isStorable = ({ startedAtMillis, endedAtMillis }: SegmentSummary): boolean =>
  startedAtMillis >= 0 && endedAtMillis >= startedAtMillis && endedAtMillis <= lastInstantMillis
