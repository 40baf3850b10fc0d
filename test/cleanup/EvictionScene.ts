import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as SqlClient from "effect/sql/SqlClient"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import type { DiskLimits } from "../../src/cleanup/diskLimits.ts"
import { makeEvictions, type Relief } from "../../src/cleanup/evictions.ts"
import type { VigiaEvent } from "../../src/domain/VigiaEvent.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { type EvictionCandidate, EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import type { makeTestDatabase } from "../support/database.ts"
import { clockAt, type ClockOffset } from "./CleanupScene.ts"

const minute = 60_000
export const limits = { warningPercent: 50, criticalPercent: 100, reserveBytes: 1000 }

type TestDatabase = Awaited<ReturnType<typeof makeTestDatabase>>

export interface File {
  readonly cameraId: number
  readonly sizeBytes: number
  readonly endMinute: number
  /**
   * `stuck` cannot be deleted, and is of a day of its own; `held` is in use, and `busy` comes into use when it is to be
   * deleted.
   */
  readonly kind: "closed" | "growing" | "missing" | "protected" | "clip" | "stuck" | "held" | "busy"
}

const pathOf = ({ cameraId, kind }: File, at: number): string =>
  `cam_${cameraId}/1970-01-${kind === "stuck" ? "02" : "01"}/${at}.mp4`

const store = (files: ReadonlyArray<File>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DELETE FROM recordings`
    for (const [at, file] of files.entries()) {
      const { cameraId, sizeBytes, endMinute, kind } = file
      yield* sql`INSERT INTO recordings ${sql.insert({
        cameraId,
        startTime: new Date((endMinute - 1) * minute),
        endTime: new Date(endMinute * minute),
        filePath: pathOf(file, at),
        fileSize: sizeBytes,
        duration: 60,
        isClip: kind === "clip",
        isProtected: kind === "protected",
        // Each of a run of its own: the end of a file before a growing one still moves, so that it may not go.
        runId: `run-${at}`,
        segmentNumber: 0,
        state: kind === "growing" || kind === "missing" ? kind : "closed",
        frames: 1,
        fragments: 1,
        videoCodec: "h264",
        audio: "none",
      })}`
    }
  })

export interface SceneDisk {
  readonly totalBytes: number
  freeBytes: number
  files: { readonly total: number; free: number } | null
  /** What of it an earlier deletion has marked, and not finished. */
  interruptedBytes: number
  /** What is freed, and not shown. */
  hiddenBytes: number
  showsFreed: boolean
  clock: ClockOffset
}

/** A disk that holds these files, and a deletion that frees it. */
export const scene = async (
  database: TestDatabase,
  files: ReadonlyArray<File>,
  act: (evictions: ReturnType<typeof makeEvictions>, disk: SceneDisk) => Effect.Effect<void, unknown>,
  given: Partial<SceneDisk> = {},
) => {
  const disk: SceneDisk = {
    totalBytes: 40_000,
    freeBytes: 0,
    files: null,
    interruptedBytes: 0,
    hiddenBytes: 0,
    showsFreed: true,
    clock: { nowMillis: null, livedMillis: 0 },
    ...given,
  }
  const asked: Array<EvictionCandidate> = []
  let marked = 0
  const lines: Array<string> = []
  const events: Array<VigiaEvent> = []
  const say = Logger.make(({ logLevel, message, fiber }) => {
    const { files: count } = fiber.getRef(References.CurrentLogAnnotations)
    lines.push(`${logLevel} ${String(message)}${typeof count === "number" ? ` files=${count}` : ""}`)
  })
  const byPath = (filePath: string) => files[Number(/(\d+)\.mp4$/.exec(filePath)?.[1])]
  const layers = Layer.mergeAll(Catalog.layer(), EvictionCandidates.layer, StorageAccounts.layer).pipe(
    Layer.provideMerge(databaseLayer(database.settings)),
    Layer.provideMerge(Logger.layer([say])),
    Layer.provideMerge(clockAt(() => disk.clock)),
  )
  const runtime = ManagedRuntime.make(layers)
  const withSql = ManagedRuntime.make(databaseLayer(database.settings))
  await withSql.runPromise(store(files))
  await withSql.dispose()
  await runtime.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const held = new Set<string>()
      for (const [at, file] of files.entries()) if (file.kind === "held") held.add(pathOf(file, at))
      const deletion = Deletion.of({
        keptBack: () => held,
        remove: (doomed) =>
          Effect.gen(function* () {
            const stuck = doomed.filter(({ filePath }) => byPath(filePath)?.kind === "stuck")
            const busy = doomed.filter(({ filePath }) => byPath(filePath)?.kind === "busy")
            const gone = doomed.filter((one) => !stuck.includes(one) && !busy.includes(one))
            marked += doomed.length - busy.length
            for (const { id } of gone) yield* sql`DELETE FROM recordings WHERE id = ${id}`
            asked.push(...gone)
            const freedBytes = gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
            if (disk.showsFreed) disk.freeBytes += freedBytes
            else disk.hiddenBytes += freedBytes
            if (disk.files !== null) disk.files.free += 2 * gone.length
            return {
              removedIds: new Set(gone.map(({ id }) => id)),
              cameraIds: gone.map(({ cameraId }) => cameraId),
              removed: gone.length,
              freedBytes,
              failures: stuck.map(({ filePath }) => ({ filePath, code: "EPERM" })),
            }
          }).pipe(Effect.orDie),
        removeExpired: () => Effect.die("not asked"),
        finishInterrupted: (onRemoved) =>
          Effect.sync(() => {
            const freedBytes = disk.interruptedBytes
            disk.interruptedBytes = 0
            disk.freeBytes += freedBytes
            if (freedBytes > 0) onRemoved({ cameraIds: [1], removed: 1, freedBytes, failures: [] })
          }),
      })
      const evictions = makeEvictions({
        deletion,
        candidates: yield* EvictionCandidates,
        accounts: yield* StorageAccounts,
        catalog: yield* Catalog,
        publish: (event) => events.push(event),
      })
      yield* act(evictions, disk)
    }),
  )
  await runtime.dispose()
  return { disk, lines, events, marked: () => marked, gone: asked.map(({ filePath }) => byPath(filePath)) }
}

export const spaceOf = ({ totalBytes, freeBytes, files }: SceneDisk) => ({
  totalBytes,
  freeBytes,
  files: files === null ? null : { ...files },
})

/** One eviction, and the next while the file system refuses whole batches. */
export const relieveIt = async (
  database: TestDatabase,
  files: ReadonlyArray<File>,
  given: Partial<SceneDisk>,
  some: DiskLimits = limits,
) => {
  const reliefs: Array<Relief> = []
  const found = await scene(
    database,
    files,
    ({ relieve }, disk) =>
      Effect.gen(function* () {
        do {
          reliefs.push(
            yield* relieve(
              Effect.sync(() => spaceOf(disk)),
              some,
            ),
          )
        } while (reliefs.at(-1)?.obstacle === "undeletable" && reliefs.length < 20)
      }),
    given,
  )
  return { ...found, reliefs, obstacle: reliefs.at(-1)?.obstacle }
}

export const closedFiles = (
  cameraId: number,
  from: number,
  count: number,
  sizeBytes = 100,
): ReadonlyArray<File> =>
  Array.from({ length: count }, (_, at) => ({ cameraId, sizeBytes, endMinute: from + at, kind: "closed" }))
