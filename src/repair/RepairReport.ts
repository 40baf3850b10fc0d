import type { RepairError } from "./repairMessages.ts"

/** `full` looks at everything, `incremental` at what can have changed since the last pass. */
export type RepairKind = "full" | "incremental"

/** What one comparison of disk and catalog found and changed. */
export interface RepairReport {
  readonly kind: RepairKind
  readonly startedAtMillis: number
  readonly endedAtMillis: number
  /** Whether it came to its end; else `errors` says why, and it is tried again soon. */
  readonly isComplete: boolean
  readonly directoriesListed: number
  /** Files whose size was asked for. */
  readonly filesExamined: number
  /** Rows that were compared. */
  readonly rows: number
  /** Files without a row, which have one now. */
  readonly adopted: number
  /** Rows without a file, or whose file holds nothing any more. */
  readonly missing: number
  /** Missing files that are back whole. */
  readonly restored: number
  /** Files that were cut, or that nobody writes any more, settled at their last whole fragment. */
  readonly settled: number
  /** Left to the next pass, because the recorder or the catalog is busy with them. */
  readonly postponed: number
  /** Files and directories that belong to nobody. */
  readonly unowned: number
  /** The first of them, relative to the recordings directory. */
  readonly unownedPaths: ReadonlyArray<string>
  readonly errors: ReadonlyArray<RepairError>
  /** Set where so many files were gone that no row was marked: an unmounted disk looks like that. */
  readonly safetyStop: { readonly rows: number; readonly missing: number } | null
}

/** Paths and errors that a report keeps. */
const keptEntries = 100

const counters = [
  "directoriesListed",
  "filesExamined",
  "rows",
  "adopted",
  "missing",
  "restored",
  "settled",
  "postponed",
] as const
type Counter = (typeof counters)[number]

/** A report while its pass runs. */
export class RepairTally {
  readonly #counts: Record<Counter, number> = {
    directoriesListed: 0,
    filesExamined: 0,
    rows: 0,
    adopted: 0,
    missing: 0,
    restored: 0,
    settled: 0,
    postponed: 0,
  }
  readonly #unownedPaths: Array<string> = []
  readonly #errors: Array<RepairError> = []
  #unowned = 0
  safetyStop: RepairReport["safetyStop"] = null

  /** Whether rows were changed. */
  get hasChanged(): boolean {
    const { adopted, missing, restored, settled } = this.#counts
    return adopted + missing + restored + settled > 0
  }

  add(counts: Partial<Readonly<Record<Counter, number>>>): void {
    for (const name of counters) this.#counts[name] += counts[name] ?? 0
  }

  belongsToNobody(paths: ReadonlyArray<string>): void {
    this.#unowned += paths.length
    this.#unownedPaths.push(...paths.slice(0, Math.max(0, keptEntries - this.#unownedPaths.length)))
  }

  failed(errors: ReadonlyArray<RepairError>): void {
    this.#errors.push(...errors.slice(0, Math.max(0, keptEntries - this.#errors.length)))
  }

  report(
    about: Pick<RepairReport, "kind" | "startedAtMillis" | "endedAtMillis" | "isComplete">,
  ): RepairReport {
    return {
      ...about,
      ...this.#counts,
      unowned: this.#unowned,
      unownedPaths: [...this.#unownedPaths],
      errors: [...this.#errors],
      safetyStop: this.safetyStop,
    }
  }
}
