import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import { Catalog } from "../storage/Catalog.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { RepairStore } from "../storage/RepairStore.ts"
import { ClipFaults } from "./ClipFaults.ts"
import { type DiskMemory, repairPass } from "./repairPass.ts"
import { type RepairKind, type RepairReport, RepairTally } from "./RepairReport.ts"

/** A pass that failed is tried again after this time, or after the interval where that is shorter. */
const retryMillis = 60_000

/** Paths that are logged one by one in a life of the service; a report counts all of them. */
const loggedPaths = 1_000

const summaryOf = (report: RepairReport): string => {
  const { kind, filesExamined, rows, errors } = report
  const counts = [
    `adopted ${report.adopted}`,
    `missing ${report.missing}`,
    `restored ${report.restored}`,
    `settled ${report.settled}`,
    `belonging to nobody ${report.unowned}`,
    ...errors.slice(0, 1).map(({ path, reason }) => `error ${path === null ? "" : `${path}: `}${reason}`),
  ]
  return `compared disk and catalog (${kind}, ${filesExamined} files, ${rows} rows): ${counts.join(", ")}`
}

const hasNews = ({ adopted, missing, restored, settled, unowned, errors }: RepairReport): boolean =>
  adopted + missing + restored + settled + unowned + errors.length > 0

/**
 * Makes disk and catalog agree, while cameras record too; it deletes nothing.
 *
 * A file without a row gets one, a row without a file is marked `missing` and becomes a gap, a cut file is settled at
 * its last whole fragment. Each pass looks at the clips, too. One pass at a time; what a pass could not do stands in its
 * report.
 */
export class Repair extends Context.Service<
  Repair,
  {
    /** Compares once, after a pass that runs already; never fails. */
    run(kind: RepairKind): Effect.Effect<RepairReport>
    /** Begins a full pass in the background, unless one waits or runs already. */
    readonly request: Effect.Effect<void>
    /** From now on disk and catalog are compared: once fully, in the background, then at every interval. */
    readonly begin: Effect.Effect<void>
    /** The report of the last pass that ended; null before the first. */
    readonly last: Effect.Effect<RepairReport | null>
    readonly isRunning: Effect.Effect<boolean>
  }
>()("vigia/repair/Repair") {
  static readonly layerNoDeps = (options: {
    readonly intervalMillis: number
  }): Layer.Layer<Repair, never, Catalog | RepairStore | RecordingsDirectory | ClipFaults> =>
    Layer.effect(Repair, makeRepair(options.intervalMillis))

  static readonly layer = (options: { readonly intervalMillis: number }) =>
    this.layerNoDeps(options).pipe(Layer.provide(RepairStore.layer))
}

const makeRepair = Effect.fnUntraced(function* (intervalMillis: number) {
  const catalog = yield* Catalog
  const store = yield* RepairStore
  const directory = yield* RecordingsDirectory
  const clipFaults = yield* ClipFaults
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const oneAtATime = yield* Semaphore.make(1)
  const memory: DiskMemory = { root: null, cameras: new Map() }
  const logged = new Set<string>()
  let last: RepairReport | null = null
  let isRunning = false
  let fullPasses = 0
  let hasBegun = false

  const noteUnowned = (paths: ReadonlyArray<string>): Effect.Effect<void> =>
    Effect.forEach(
      paths.filter((path) => !logged.has(path)).slice(0, loggedPaths - logged.size),
      (path) => {
        logged.add(path)
        return Effect.logWarning(`belongs to nobody, and is left alone: ${path}`)
      },
      { discard: true },
    )

  const pass = Effect.fnUntraced(function* (kind: RepairKind) {
    const startedAtMillis = yield* Clock.currentTimeMillis
    const tally = new RepairTally()
    yield* clipFaults.look
    const isComplete = yield* repairPass(
      { kind, startedAtMillis },
      { catalog, store, directory, noteUnowned },
      memory,
      tally,
    ).pipe(
      Effect.as(true),
      Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const error = Cause.squash(cause)
        tally.failed([{ path: null, reason: error instanceof Error ? error.message : String(error) }])
        return Cause.hasDies(cause)
          ? Effect.as(Effect.logError("the comparison of disk and catalog failed", cause), false)
          : Effect.succeed(false)
      }),
    )
    if (tally.hasChanged) yield* catalog.recount
    const report = tally.report({
      kind,
      startedAtMillis,
      endedAtMillis: yield* Clock.currentTimeMillis,
      isComplete,
    })
    last = report
    if (report.safetyStop !== null) {
      const { missing, rows } = report.safetyStop
      yield* Effect.logFatal(
        `${missing} of ${rows} recordings are not on the disk: no row was marked missing. Is ${directory.path} the right file system, and mounted?`,
      )
    }
    if (hasNews(report)) {
      const text = summaryOf(report)
      yield* report.errors.length === 0 ? Effect.logInfo(text) : Effect.logWarning(text)
    }
    return report
  })

  const run = (kind: RepairKind): Effect.Effect<RepairReport> =>
    Effect.suspend(() => {
      isRunning = true
      return pass(kind)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          isRunning = false
        }),
      ),
      (alone) => oneAtATime.withPermit(alone),
    )

  const runFull = Effect.suspend(() => {
    fullPasses += 1
    return run("full")
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        fullPasses -= 1
      }),
    ),
  )

  const goOn = Effect.fnUntraced(function* () {
    let kind: RepairKind = "full"
    for (;;) {
      const { isComplete }: RepairReport = yield* kind === "full" ? runFull : run(kind)
      if (isComplete) kind = "incremental"
      yield* Effect.sleep(isComplete ? intervalMillis : Math.min(intervalMillis, retryMillis))
    }
  })

  return Repair.of({
    run: (kind) => (kind === "full" ? runFull : run(kind)),
    request: Effect.sync(() => {
      if (fullPasses === 0) fork(Effect.asVoid(runFull))
    }),
    begin: Effect.sync(() => {
      if (hasBegun) return
      hasBegun = true
      fork(goOn())
    }),
    last: Effect.sync(() => last),
    isRunning: Effect.sync(() => isRunning || fullPasses > 0),
  })
})
