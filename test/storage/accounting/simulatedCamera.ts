import type { Cause } from "../../../src/domain/Cause.ts"
import type { SegmentSummary, Span } from "../../../src/domain/Segment.ts"
import type { VigiaEvent } from "../../../src/domain/VigiaEvent.ts"
import type { CatalogBatch } from "../../../src/storage/catalogBatch.ts"
import type { CatalogSeed } from "../../../src/storage/CatalogStore.ts"
import { CatalogMemory } from "../../../src/storage/CatalogMemory.ts"
import type { GapRow, PeriodRow, RecordingRow } from "../../../src/storage/accounting/rows.ts"
import {
  cameraDisabled,
  cameraEnabled,
  outageBegan,
  recovered,
  segmentChanged,
} from "../../../src/storage/accounting/transitions.ts"
import { summary } from "./summaries.ts"

/** A database as plain maps: what was flushed, and nothing else, survives a crash of the service. */
export class FakeDatabase {
  readonly recordings = new Map<string, RecordingRow>()
  readonly gaps = new Map<string, GapRow>()
  readonly periods = new Map<number, PeriodRow>()
  lastSeenMillis: number | null = null

  write(batch: CatalogBatch, seenAtMillis: number): void {
    for (const row of batch.recordings) this.recordings.set(row.filePath, row)
    for (const row of batch.periods) this.periods.set(row.startMillis, row)
    for (const row of batch.gaps) {
      if (row.startMillis === null) this.gaps.delete(row.identity)
      else this.gaps.set(row.identity, row)
    }
    this.lastSeenMillis = seenAtMillis
  }

  seed(isEnabled: boolean): CatalogSeed {
    const byStart = [...this.recordings.values()].toSorted((a, b) => a.startMillis - b.startMillis)
    const recordings = byStart.filter((row, index) => row.state === "growing" || index >= byStart.length - 3)
    const since = byStart.at(-3)?.startMillis ?? -Infinity
    const gaps = [...this.gaps.values()].filter(({ endMillis }) => endMillis === null || endMillis >= since)
    return {
      lastSeenMillis: this.lastSeenMillis,
      cameras: [{ cameraId: 1, isEnabled, recordings, gaps, periods: [...this.periods.values()].slice(-2) }],
    }
  }
}

interface Run {
  readonly id: string
  number: number
  startedAtMillis: number
  endedAtMillis: number
  holes: Array<Span>
}

/**
 * One camera, its files and the service that keeps the accounts, in simulated time.
 *
 * `missed` is the truth: enabled time of which nothing is on disk.
 */
export class SimulatedCamera {
  readonly database = new FakeDatabase()
  readonly disk = new Map<string, SegmentSummary>()
  nowMillis = 100_000
  isEnabled = false
  #run: Run | null = null
  #runs = 0
  /** What the catalog told of its lives. */
  readonly events: Array<VigiaEvent> = []
  #memory = this.#remember({ lastSeenMillis: null, cameras: [] })

  #remember(seed: CatalogSeed): CatalogMemory {
    return new CatalogMemory(seed, new Map(), (event) => this.events.push(event))
  }

  get isRecording(): boolean {
    return this.#run !== null
  }

  flush(): void {
    const batch = this.#memory.pending.of()
    this.database.write(batch, this.nowMillis)
    this.#memory.pending.written(batch)
  }

  #report(state: "growing" | "closed", startErrorMillis: number): void {
    if (this.#run === null) return
    const { id, number, startedAtMillis, endedAtMillis, holes } = this.#run
    const segment = summary({
      runId: id,
      number,
      filePath: `cam_1/${id}/${number}.mp4`,
      state,
      startedAtMillis: Math.min(startedAtMillis + startErrorMillis, endedAtMillis),
      endedAtMillis,
      holes: [...holes],
    })
    this.disk.set(segment.filePath, segment)
    this.#memory.apply(1, (ledger) => segmentChanged(ledger, segment))
  }

  enable(): void {
    if (this.isEnabled) return
    this.isEnabled = true
    this.#memory.apply(1, (ledger) => cameraEnabled(ledger, this.nowMillis))
  }

  disable(): void {
    if (!this.isEnabled) return
    this.isEnabled = false
    this.#report("closed", 0)
    this.#run = null
    this.#memory.apply(1, (ledger) => cameraDisabled(ledger, this.nowMillis))
  }

  /** A run writes its first fragment, which began `headMillis` ago and is measured wrongly at first. */
  connect(headMillis: number, startErrorMillis: number): void {
    if (!this.isEnabled || this.#run !== null) return
    this.#runs += 1
    const startedAtMillis = this.nowMillis - headMillis
    this.#run = {
      id: `run-${this.#runs}`,
      number: 0,
      startedAtMillis,
      endedAtMillis: this.nowMillis,
      holes: [],
    }
    this.#report("growing", startErrorMillis)
  }

  /** Time passes; a run writes on, and its last fragment may lie a little behind. */
  advance(millis: number, lagMillis: number): void {
    this.nowMillis += millis
    if (this.#run === null) return
    this.#run.endedAtMillis = Math.max(this.#run.endedAtMillis, this.nowMillis - lagMillis)
    this.#report("growing", 0)
  }

  /** The camera sends nothing for a while, and goes on. */
  pause(millis: number): void {
    if (this.#run === null) return
    this.#run.holes.push({
      fromMillis: this.#run.endedAtMillis,
      toMillis: this.#run.endedAtMillis + millis,
    })
    this.nowMillis += millis + 1000
    this.#run.endedAtMillis = this.nowMillis
    this.#report("growing", 0)
  }

  /** The next file of the run begins, at the end of the last or `distanceMillis` later. */
  cut(distanceMillis: number): void {
    if (this.#run === null) return
    this.#report("closed", 0)
    this.nowMillis += distanceMillis + 1000
    this.#run = {
      ...this.#run,
      number: this.#run.number + 1,
      startedAtMillis: this.#run.endedAtMillis + distanceMillis,
      endedAtMillis: this.nowMillis,
      holes: [],
    }
    this.#report("growing", 0)
  }

  fail(cause: Cause): void {
    this.#report("closed", 0)
    this.#run = null
    this.#memory.apply(1, (ledger) => outageBegan(ledger, cause, null, this.nowMillis))
  }

  /** The service is killed with what it had not flushed; FFmpeg may go on alone. The next life repairs. */
  crash(downMillis: number, doesFfmpegLive: boolean): void {
    const seed = this.database.seed(this.isEnabled)
    // Hears of what is on disk, and is heard by nobody.
    this.#memory = new CatalogMemory(seed, new Map(), () => undefined)
    this.nowMillis += downMillis
    if (this.#run !== null && doesFfmpegLive) this.#run.endedAtMillis = this.nowMillis
    const state = doesFfmpegLive ? "growing" : "closed"
    this.#report(state, 0)
    if (!doesFfmpegLive) this.#run = null
    const unsettled = [...this.disk.values()]
      .filter(({ filePath }) => this.database.recordings.get(filePath)?.state !== "closed")
      .toSorted((a, b) => a.startedAtMillis - b.startedAtMillis)
    this.#memory = this.#remember(seed)
    for (const segment of unsettled) this.#memory.apply(1, (ledger) => segmentChanged(ledger, segment))
    this.#memory.apply(1, (ledger) =>
      this.isEnabled
        ? recovered(ledger, seed.lastSeenMillis, this.nowMillis)
        : cameraDisabled(
            recovered(ledger, seed.lastSeenMillis, this.nowMillis),
            seed.lastSeenMillis ?? this.nowMillis,
          ),
    )
    // Switched on in the database while the catalog did not hear of it.
    if (this.isEnabled) this.#memory.apply(1, (ledger) => cameraEnabled(ledger, this.nowMillis))
  }
}
