import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SegmentSummary } from "../domain/Segment.ts"
import type { Catalog, KnownFiles } from "../storage/Catalog.ts"
import type { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import type { CatalogCamera, RepairedFiles, RepairStore } from "../storage/RepairStore.ts"
import type { CameraMemory, CompareAnswer, RootMemory } from "./repairMessages.ts"
import type { RepairKind, RepairTally } from "./RepairReport.ts"
import { RepairThread } from "./RepairThread.ts"

/** The thread that reads the disk ended: a fault of ours, or the recordings directory cannot be read at all. */
export class RepairThreadFailed extends Schema.TaggedError<RepairThreadFailed>()("RepairThreadFailed", {
  message: Schema.String,
}) {}

/** What passes leave to each other. */
export interface DiskMemory {
  root: RootMemory | null
  readonly cameras: Map<number, CameraMemory>
}

export interface PassEnvironment {
  readonly catalog: Catalog["Service"]
  readonly store: RepairStore["Service"]
  readonly directory: RecordingsDirectory["Service"]
  /** Hears of every path that belongs to nobody. */
  readonly noteUnowned: (paths: ReadonlyArray<string>) => Effect.Effect<void>
}

/** A file that a run may still write is written again within this time. */
const youngMillis = 60_000
/** Rows of one transaction. */
const batchRows = 500

const asked = <A>(ask: () => Promise<A>): Effect.Effect<A, RepairThreadFailed> =>
  Effect.tryPromise({
    try: ask,
    catch: (error) =>
      new RepairThreadFailed({ message: error instanceof Error ? error.message : String(error) }),
  })

const batches = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / batchRows) }, (_, at) =>
    items.slice(at * batchRows, (at + 1) * batchRows),
  )

/** A segment that a ledger holds, as it was read again; where it begins was noted while it grew. */
const reread = (known: SegmentSummary, summary: SegmentSummary): SegmentSummary => ({
  ...summary,
  runId: known.runId,
  number: known.number,
  startedAtMillis: known.startedAtMillis,
  endedAtMillis:
    summary.sizeBytes === known.sizeBytes
      ? known.endedAtMillis
      : known.startedAtMillis + summary.endedAtMillis - summary.startedAtMillis,
  holes: summary.runId === "" ? known.holes : summary.holes,
  clockStepMillis: known.clockStepMillis,
})

/**
 * Compares disk and catalog once, camera by camera, and corrects the catalog; the disk is only read.
 *
 * What was found until a failure stays written; rows are marked missing at the very end only, when all of the disk was
 * seen and is still there. Repeating a pass changes nothing.
 */
export const repairPass = Effect.fn("repairPass")(function* (
  pass: { readonly kind: RepairKind; readonly startedAtMillis: number },
  { catalog, store, directory, noteUnowned }: PassEnvironment,
  memory: DiskMemory,
  tally: RepairTally,
) {
  const { kind, startedAtMillis } = pass
  const isFull = kind === "full"
  const absent: Array<string> = []
  const hollow: Array<string> = []

  /** Of a file whose row the database refuses the others do not suffer. */
  const writeApart = (rows: RepairedFiles): Effect.Effect<void, DatabaseUnavailable> =>
    Effect.forEach(
      [
        ...rows.adopted.map((summary) => ({ adopted: [summary], reread: [] })),
        ...rows.reread.map((summary) => ({ adopted: [], reread: [summary] })),
      ],
      (alone) =>
        store.write(alone).pipe(
          Effect.catchTag("RowsRejected", ({ reason }) =>
            Effect.sync(() => {
              const [path = null] = [...alone.adopted, ...alone.reread].map(({ filePath }) => filePath)
              tally.failed([{ path, reason }])
              tally.add({ adopted: -alone.adopted.length, settled: -alone.reread.length })
            }),
          ),
        ),
      { discard: true },
    )

  const written = Effect.fnUntraced(function* (answer: CompareAnswer, known: KnownFiles) {
    // What the ledger is to say of a file, the ledger writes.
    const rows = {
      adopted: answer.adopted,
      reread: answer.reread.filter(({ filePath }) => !known.unsettled.has(filePath)),
    }
    if (rows.adopted.length + rows.reread.length > 0) {
      yield* store.write(rows).pipe(Effect.catchTag("RowsRejected", () => writeApart(rows)))
    }
    const told = answer.reread.flatMap((summary) => {
      const segment = known.remembered.get(summary.filePath)
      return segment === undefined ? [] : [reread(segment, summary)]
    })
    if (told.length > 0) yield* catalog.segmentsChanged(told)
    tally.add({
      adopted: answer.adopted.length,
      restored: answer.restored,
      settled: answer.reread.length - answer.restored,
    })
  })

  const compare = Effect.fnUntraced(function* (
    thread: RepairThread,
    camera: CatalogCamera,
    days: ReadonlyArray<string> | null,
    hasUnsettled: boolean,
  ) {
    const { id } = camera
    const hasRows = days === null || days.length > 0 || hasUnsettled
    // Before and after the rows: what the catalog had in hand at either moment is its own affair.
    const before = catalog.knownFiles(id)
    const rows = hasRows ? yield* store.rowsOf(id, days) : []
    const known = catalog.knownFiles(id)
    let answer = yield* asked(() =>
      thread.compare({
        type: "compare",
        startedAtMillis,
        rows,
        busy: new Set([...before.busy, ...known.busy]),
        unsettled: known.unsettled,
        youngMillis: isFull ? 0 : youngMillis,
      }),
    )
    for (;;) {
      yield* written(answer, known)
      absent.push(...answer.absent)
      hollow.push(...answer.hollow)
      tally.failed(answer.errors)
      tally.belongsToNobody(answer.unowned)
      yield* noteUnowned(answer.unowned)
      if (answer.end !== null) return answer.end
      answer = yield* asked(() => thread.compare({ type: "more" }))
    }
  })

  const repairCamera = Effect.fnUntraced(function* (
    thread: RepairThread,
    camera: CatalogCamera,
    hasUnsettled: boolean,
  ) {
    const { id, identity } = camera
    const remembered = isFull ? null : (memory.cameras.get(id) ?? null)
    // Until the comparison has ended nothing of it may be relied on.
    memory.cameras.delete(id)
    const isLinked = memory.root?.linkedIds.includes(id) === true
    const { days } = yield* asked(() =>
      thread.list({ type: "list", cameraId: id, identity, isLinked, memory: remembered }),
    )
    const end = yield* compare(thread, camera, days, hasUnsettled)
    memory.cameras.set(id, end.memory)
    tally.add(end)
  })

  /** An unmounted disk looks as if everything had been deleted. */
  const markMissing = Effect.fnUntraced(function* (thread: RepairThread) {
    if (absent.length + hollow.length === 0) return
    const stillAbsent = yield* asked(() => thread.confirm(absent))
    yield* directory.assertPresent
    const missing = [...stillAbsent.absent, ...hollow]
    const rows = yield* store.presentRows
    if (missing.length * 2 > rows) {
      tally.safetyStop = { rows, missing: missing.length }
      return
    }
    for (const paths of batches(missing)) tally.add({ missing: yield* store.markMissing(paths) })
  })

  yield* directory.assertPresent
  const thread = yield* Effect.acquireRelease(
    Effect.sync(() => new RepairThread(directory.path)),
    (open) => Effect.promise(() => open.close()),
  )
  const root = yield* asked(() =>
    thread.root({ type: "root", memory: isFull ? null : memory.root, startedAtMillis }),
  )
  // After the listing: a camera is stored before its directory is made.
  const cameras = yield* store.cameras
  const unsettled = new Set(isFull ? [] : yield* store.unsettledCameras)
  memory.root = root.memory
  const known = new Set(cameras.map(({ id }) => id))
  const foreign = root.memory.cameraIds.filter((id) => !known.has(id)).map((id) => `cam_${id}`)
  const unowned = [...root.unowned, ...foreign]
  tally.add(root)
  tally.belongsToNobody(unowned)
  yield* noteUnowned(unowned)
  for (const camera of cameras) yield* repairCamera(thread, camera, unsettled.has(camera.id))
  yield* markMissing(thread)
  yield* directory.assertPresent
}, Effect.scoped)
