import * as Effect from "effect/Effect"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import { Catalog } from "../../src/storage/Catalog.ts"
import { summary } from "../storage/accounting/summaries.ts"

export const writtenCameraIds: ReadonlyArray<number> = [1, 2, 3]
/** Recording `n` of a camera lasts from `n` s to `n` + 0.3 s; then it is `stalled` until the next. */
const recordedMillis = 300

/** What must be stored of the first `count` recordings of every camera, as text. */
export const wantedRows = (count: number): ReadonlyArray<string> =>
  writtenCameraIds
    .flatMap((cameraId) =>
      Array.from({ length: count }, (_, number) => [
        `recording ${cameraId} run-${number} ${number * 1000} ${number * 1000 + recordedMillis} closed`,
        `gap ${cameraId} after ${number} ${number * 1000 + recordedMillis} ${number + 1 < count ? (number + 1) * 1000 : "open"}`,
      ]),
    )
    .flat()

/** Selects what is stored as the same text. */
export const storedRows = `SELECT format('recording %s %s %s %s %s', camera_id, run_id, round(extract(epoch FROM start_time) * 1000),
    round(extract(epoch FROM end_time) * 1000), state) AS row FROM recordings
  UNION ALL SELECT format('gap %s %s %s %s', camera_id, detail, round(extract(epoch FROM start_time) * 1000),
    COALESCE(round(extract(epoch FROM end_time) * 1000)::text, 'open')) FROM gaps WHERE cause = 'stalled'`

const tell = Effect.fnUntraced(function* (number: number) {
  const catalog = yield* Catalog
  for (const cameraId of writtenCameraIds) {
    const startedAtMillis = number * 1000
    const endedAtMillis = startedAtMillis + recordedMillis
    const run = { cameraId, runId: `run-${number}`, startedAtMillis, endedAtMillis } as const
    yield* catalog.segmentsChanged([summary({ ...run, state: "growing" })])
    yield* catalog.segmentsChanged([summary({ ...run, state: "closed" })])
    yield* catalog.outageBegan(cameraId, "stalled", `after ${number}`, endedAtMillis)
  }
})

const flush = Effect.flatMap(Catalog, (catalog) => catalog.flush)

/** Tells a catalog of recordings and gaps, and flushes, as fast as it can; from the construction until `stop`. */
export class SteadyWriter {
  readonly #runtime: ManagedRuntime.ManagedRuntime<Catalog, unknown>
  readonly #writing: Promise<void>
  #isOver = false
  written = 0
  /** How many recordings of each camera were told before a flush that succeeded. */
  acknowledged = 0
  flushes = 0
  failedFlushes = 0

  constructor(runtime: ManagedRuntime.ManagedRuntime<Catalog, unknown>) {
    this.#runtime = runtime
    this.#writing = this.#write()
  }

  async #write(): Promise<void> {
    await this.#runtime.runPromise(
      Effect.flatMap(Catalog, (catalog) =>
        Effect.forEach(writtenCameraIds, (cameraId) => catalog.cameraEnabled(cameraId, 0)),
      ),
    )
    while (!this.#isOver) {
      await this.#runtime.runPromise(tell(this.written))
      this.written += 1
      const isFlushed = await this.#runtime.runPromise(
        flush.pipe(
          Effect.as(true),
          Effect.orElseSucceed(() => false),
        ),
      )
      this.flushes += 1
      if (isFlushed) this.acknowledged = this.written
      else this.failedFlushes += 1
    }
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#writing
    await this.#runtime.runPromise(flush)
  }
}
