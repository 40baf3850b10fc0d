import type { VigiaEvent } from "../domain/VigiaEvent.ts"
import { emptyLedger, type Ledger, settled } from "./accounting/ledger.ts"
import { ledgerEvents } from "./accounting/ledgerEvents.ts"
import { PendingRows, type Urgency } from "./accounting/PendingRows.ts"
import { type LedgerRows, rowsOf } from "./accounting/rows.ts"
import { ledgerFrom } from "./accounting/seed.ts"
import type { CatalogSeed, CatalogTotals } from "./CatalogStore.ts"
import type { RecordedFile } from "./durability/recordingPaths.ts"

interface CameraMemory {
  readonly ledger: Ledger
  readonly rows: LedgerRows
}

const remembered = (ledger: Ledger): CameraMemory => ({ ledger, rows: rowsOf(ledger) })

const noTotals: CatalogTotals = { bytes: 0, recordings: 0 }

const sum = (a: CatalogTotals, b: CatalogTotals): CatalogTotals => ({
  bytes: a.bytes + b.bytes,
  recordings: a.recordings + b.recordings,
})

/** By how much the rows of a camera grew. */
const growth = (before: LedgerRows, after: LedgerRows): CatalogTotals =>
  [...after.recordings.values()].reduce((total, row) => {
    const was = before.recordings.get(row.filePath)
    return sum(total, {
      bytes: row.sizeBytes - (was?.sizeBytes ?? 0),
      recordings: was === undefined ? 1 : 0,
    })
  }, noTotals)

const add = (totals: Map<number, CatalogTotals>, cameraId: number, more: CatalogTotals): void => {
  totals.set(cameraId, sum(totals.get(cameraId) ?? noTotals, more))
}

/** The catalog in memory: a ledger for each camera, the rows not written yet, and the sums. */
export class CatalogMemory {
  readonly pending = new PendingRows()
  readonly #cameras: Map<number, CameraMemory>
  readonly #publish: (event: VigiaEvent) => void
  #totals: Map<number, CatalogTotals>
  /** Growth since the rows were taken that the next sums of the database will hold; undefined: sums are right. */
  #sinceTotals: Map<number, CatalogTotals> | undefined

  /** @param publish told what began and what ended, in the order in which the ledgers learn of it */
  constructor(
    seed: CatalogSeed,
    totals: ReadonlyMap<number, CatalogTotals>,
    publish: (event: VigiaEvent) => void,
  ) {
    this.#publish = publish
    this.#cameras = new Map(seed.cameras.map((camera) => [camera.cameraId, remembered(ledgerFrom(camera))]))
    this.#totals = new Map(totals)
  }

  get cameraIds(): ReadonlyArray<number> {
    return [...this.#cameras.keys()]
  }

  /** Files that grow, as the disk said last to this life of the service. */
  get growingFiles(): ReadonlyArray<RecordedFile> {
    return [...this.#cameras.values()].flatMap(({ ledger }) =>
      ledger.segments
        .filter(({ state, isReported }) => state === "growing" && isReported)
        .map((segment) => ({ ...segment, segmentNumber: segment.number })),
    )
  }

  ledger(cameraId: number): Ledger {
    return this.#cameras.get(cameraId)?.ledger ?? emptyLedger(cameraId)
  }

  totals(cameraId: number): CatalogTotals {
    return this.#totals.get(cameraId) ?? noTotals
  }

  /** Changes what is known of a camera; the rows that follow are pending. */
  apply(cameraId: number, transition: (ledger: Ledger) => Ledger): Urgency {
    const before = this.#cameras.get(cameraId) ?? remembered(emptyLedger(cameraId))
    const ledger = transition(before.ledger)
    if (ledger === before.ledger) return "none"
    const rows = rowsOf(ledger)
    const grown = growth(before.rows, rows)
    add(this.#totals, cameraId, grown)
    if (this.#sinceTotals !== undefined) add(this.#sinceTotals, cameraId, grown)
    const kept = settled(ledger)
    this.#cameras.set(cameraId, kept === ledger ? { ledger, rows } : remembered(kept))
    for (const event of ledgerEvents(before.rows, rows)) this.#publish(event)
    return this.pending.add(before.rows, rows)
  }

  /** The database is about to hold all rows up to now. */
  markTotals(): void {
    this.#sinceTotals = new Map()
  }

  /** Replaces the sums by those of the database, as of the mark. */
  resetTotals(totals: ReadonlyMap<number, CatalogTotals>): void {
    const since = this.#sinceTotals ?? new Map<number, CatalogTotals>()
    this.#totals = new Map(totals)
    for (const [cameraId, grown] of since) add(this.#totals, cameraId, grown)
    this.#sinceTotals = undefined
  }
}
