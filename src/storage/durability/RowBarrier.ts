import type { RecordingRow } from "../accounting/rows.ts"
import {
  cameraDirectoryOf,
  dayDirectoryOf,
  openIndexOf,
  runsDirectoryOf,
  settledIndexOf,
} from "./recordingPaths.ts"
import { isOwnPath } from "./SyncShell.ts"

/** Files whose state on the medium is remembered; one that was forgotten is synced once more. */
const rememberedFiles = 20_000

type Synced = Pick<RecordingRow, "state" | "sizeBytes">

/** Knows which rows of `recordings` the medium bears out, and what must be synced before the others may be committed. */
export class RowBarrier {
  readonly #files = new Map<string, Synced>()
  /** Directory of a camera to that of its last day, whose names are on the medium. */
  readonly #days = new Map<string, string>()
  /** Directory of a camera's runs to its last run. */
  readonly #runs = new Map<string, string>()

  /** Whether the medium has the file: its name, and where the row says closed all its bytes and its index. */
  mayCommit({ filePath, state, sizeBytes }: RecordingRow): boolean {
    // A name that is none of ours cannot be synced; its row does not wait for what never comes.
    if (!isOwnPath(filePath)) return true
    const synced = this.#files.get(filePath)
    if (synced === undefined) return false
    // A run that was believed to have ended may go on: its file closes twice.
    return state === "growing" || (synced.state === "closed" && synced.sizeBytes >= sizeBytes)
  }

  /** Files and directories that bear out the rows once they are synced, each once. */
  pathsOf(rows: ReadonlyArray<RecordingRow>): ReadonlyArray<string> {
    return [...new Set(rows.flatMap((row) => this.#pathsOf(row)))].filter(isOwnPath)
  }

  /** The paths of these rows were synced. */
  synced(rows: ReadonlyArray<RecordingRow>): void {
    for (const row of rows) {
      this.#files.delete(row.filePath)
      this.#files.set(row.filePath, { state: row.state, sizeBytes: row.sizeBytes })
      this.#days.set(cameraDirectoryOf(row), dayDirectoryOf(row))
      if (row.state === "growing") this.#runs.set(runsDirectoryOf(row), row.runId)
    }
    for (const path of this.#files.keys()) {
      if (this.#files.size <= rememberedFiles) return
      this.#files.delete(path)
    }
  }

  #pathsOf(row: RecordingRow): ReadonlyArray<string> {
    const files =
      row.state === "closed"
        ? [row.filePath, settledIndexOf(row)]
        : [row.filePath, openIndexOf(row), `${runsDirectoryOf(row)}/${row.runId}`]
    return [...files, ...this.#newRunOf(row), dayDirectoryOf(row), ...this.#newDayOf(row)]
  }

  /** The name of a new directory stands in the one above. */
  #newDayOf(row: RecordingRow): ReadonlyArray<string> {
    const camera = cameraDirectoryOf(row)
    const day = this.#days.get(camera)
    if (day === dayDirectoryOf(row)) return []
    return day === undefined ? [camera, "."] : [camera]
  }

  #newRunOf(row: RecordingRow): ReadonlyArray<string> {
    if (row.state === "closed") return []
    const runs = runsDirectoryOf(row)
    return this.#runs.get(runs) === row.runId ? [] : [runs]
  }
}
