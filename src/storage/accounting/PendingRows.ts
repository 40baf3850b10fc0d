import type { CatalogBatch } from "../catalogBatch.ts"
import type { VanishedGap } from "../Gaps.ts"
import type { GapRow, LedgerRows, PeriodRow, RecordingRow } from "./rows.ts"

/**
 * Rows of each kind kept for a database that is away; beyond it the oldest go. Files are read from disk again by a
 * repair; the causes of gaps are lost.
 */
const mostPendingRows = 50_000

const isSame = <Row extends object>(a: Row, b: Row): boolean => {
  const before: ReadonlyMap<string, unknown> = new Map(Object.entries(a))
  return Object.entries(b).every(([name, value]) => before.get(name) === value)
}

const changed = <Row extends object>(
  before: ReadonlyMap<string, Row>,
  after: ReadonlyMap<string, Row>,
): ReadonlyArray<readonly [key: string, row: Row, was: Row | undefined]> =>
  [...after].flatMap(([key, row]) => {
    const was = before.get(key)
    return was !== undefined && isSame(was, row) ? [] : [[key, row, was] as const]
  })

/** Answers how many rows were forgotten. */
const forgetOldest = (rows: Map<string, unknown>): number => {
  let forgotten = 0
  for (const key of rows.keys()) {
    if (rows.size <= mostPendingRows) break
    rows.delete(key)
    forgotten += 1
  }
  return forgotten
}

/** A change worth writing at once: something began or ended, it did not only grow. */
export type Urgency = "now" | "soon" | "none"

/** The rows that the database does not have yet, as state: a row that changes twice is written once. */
export class PendingRows {
  readonly #recordings = new Map<string, RecordingRow>()
  readonly #gaps = new Map<string, GapRow | VanishedGap>()
  readonly #periods = new Map<string, PeriodRow>()
  #changes = 0
  #dropped = 0

  /** Grows with every change of a row. */
  get changes(): number {
    return this.#changes
  }

  /** How many rows were forgotten since the start because there were too many. */
  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return this.#recordings.size + this.#gaps.size + this.#periods.size
  }

  /** Takes over what differs between two states of a camera's ledger. */
  add(before: LedgerRows, after: LedgerRows): Urgency {
    const recordings = changed(before.recordings, after.recordings)
    const gaps = changed(before.gaps, after.gaps)
    const periods = changed(before.periods, after.periods)
    const vanished = [...before.gaps.values()].filter(({ identity }) => !after.gaps.has(identity))
    for (const [key, row] of recordings) this.#recordings.set(key, row)
    for (const [key, row] of gaps) this.#gaps.set(key, row)
    for (const [key, row] of periods) this.#periods.set(key, row)
    for (const { cameraId, identity } of vanished) {
      this.#gaps.set(identity, { cameraId, identity, startMillis: null })
    }
    this.#changes += recordings.length + gaps.length + periods.length + vanished.length
    for (const rows of [this.#recordings, this.#gaps, this.#periods]) this.#dropped += forgetOldest(rows)
    const hasEvent =
      recordings.some(([, row, was]) => was?.state !== row.state) ||
      gaps.some(([, row, was]) => was === undefined || was.endMillis === null || row.endMillis === null) ||
      vanished.length > 0 ||
      periods.length > 0
    if (hasEvent) return "now"
    return recordings.length + gaps.length > 0 ? "soon" : "none"
  }

  /** The rows of a camera, of all when none is given. */
  of(cameraId?: number): CatalogBatch {
    const wanted = (row: { readonly cameraId: number }): boolean =>
      cameraId === undefined || row.cameraId === cameraId
    return {
      recordings: [...this.#recordings.values()].filter(wanted),
      gaps: [...this.#gaps.values()].filter(wanted),
      periods: [...this.#periods.values()].filter(wanted),
    }
  }

  /** Forgets rows that the database has; one that changed meanwhile stays. */
  written(batch: CatalogBatch): void {
    for (const row of batch.recordings) {
      if (this.#recordings.get(row.filePath) === row) this.#recordings.delete(row.filePath)
    }
    for (const row of batch.gaps) {
      if (this.#gaps.get(row.identity) === row) this.#gaps.delete(row.identity)
    }
    for (const row of batch.periods) {
      const key = `${row.cameraId}/${row.startMillis}`
      if (this.#periods.get(key) === row) this.#periods.delete(key)
    }
  }
}
