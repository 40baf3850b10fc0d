import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { afterEach, describe, expect, it } from "vitest"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import { FileRemoval } from "../../src/cleanup/FileRemoval.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { DeletionStore } from "../../src/storage/DeletionStore.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { ExportSources } from "../../src/storage/ExportSources.ts"
import { RecordingsDirectory } from "../../src/storage/RecordingsDirectory.ts"
import { CleanupScene } from "./CleanupScene.ts"

const hour = 3_600_000
const day = 24 * hour
const now = Date.parse("2026-06-10T03:00:00Z")

describe("a recording that an export comes to hold after it was marked", () => {
  let scene: CleanupScene
  let afterMarking: () => void
  afterEach(() => scene.remove())

  /** A scene with a camera of three recordings that have expired, of which an export holds one once it is marked. */
  const begin = async () => {
    const held = <A, E>(mark: Effect.Effect<A, E>) =>
      Effect.tap(mark, () => Effect.sync(() => afterMarking()))
    scene = await CleanupScene.make({
      aroundStore: (store) => ({
        ...store,
        mark: (ids, reason, atMillis) => held(store.mark(ids, reason, atMillis)),
        markExpired: (choice, atMillis) => held(store.markExpired(choice, atMillis)),
      }),
    })
    scene.nowMillis = now
    const cameraId = await scene.addCamera(await scene.addOwner("basic"))
    const paths: Array<string> = []
    for (const at of [0, 1, 2]) {
      const startMillis = now - 10 * day + at * hour
      paths.push(await scene.record(cameraId, { startMillis, endMillis: startMillis + hour }))
    }
    const [, path = ""] = paths
    const sources = await scene.run(ExportSources)
    afterMarking = () => sources.hold("clip", [path])
    return { cameraId, path, sources }
  }

  it("stays with its row and its index, and is no failure, until it is released", async () => {
    const { path, sources } = await begin()
    expect(await scene.clean()).toBe(true)
    expect(scene.files()).toEqual([path])
    expect(scene.files(".idx")).toEqual([path.replace("mp4", "idx")])
    expect(await scene.rows()).toEqual([path])
    const { passes } = await scene.run(Effect.flatMap(Cleanup, ({ state }) => state))
    expect(passes[0]).toMatchObject({ isComplete: true, files: 2, errors: 0 })
    expect(scene.log.filter((line) => line.startsWith("Error"))).toEqual([])

    afterMarking = () => undefined
    sources.release("clip")
    await scene.clean()
    expect(await scene.rows()).toEqual([])
    expect(scene.files()).toEqual([])
  })

  it("does not count as evicted", async () => {
    const { cameraId, path } = await begin()
    const chosen = await scene.run(
      Effect.flatMap(EvictionCandidates, (candidates) => candidates.oldest([cameraId], 10, [])).pipe(
        Effect.provide(EvictionCandidates.layer),
      ),
    )
    const found = await scene.run(Effect.flatMap(Deletion, (deletion) => deletion.remove(chosen)))
    expect(found).toMatchObject({ removed: 2, failures: [] })
    const others = chosen.filter(({ filePath }) => filePath !== path)
    expect(found.removedIds).toEqual(new Set(others.map(({ id }) => id)))
    expect(scene.files()).toEqual([path])
    expect(await scene.rows()).toEqual([path])
  })
})

describe("a recording that an export comes to hold while others are being marked", () => {
  it("is not marked after them", async () => {
    const mayMark = Deferred.makeUnsafe<void>()
    const marked: Array<ReadonlyArray<number>> = []
    const passedOver: Array<ReadonlySet<string>> = []
    const services = Layer.mergeAll(
      ExportSources.layer,
      Layer.mock(Catalog, {
        snapshot: () => {
          throw new Error("not asked")
        },
        growingFiles: () => [],
        knownFiles: () => ({ busy: new Set(), unsettled: new Set(), remembered: new Map() }),
      }),
      Layer.mock(DeletionStore, {
        mark: (ids) => {
          marked.push(ids)
          return Effect.as(Deferred.await(mayMark), null)
        },
        markExpired: ({ except }) => {
          passedOver.push(except)
          return Effect.succeed(null)
        },
      }),
      Layer.mock(RecordingsDirectory, {
        path: "/r",
        installation: "test",
        cameraPath: (id) => `/r/cam_${id}`,
        assertPresent: Effect.void,
      }),
      Layer.mock(FileRemoval, {}),
    )
    const recording = (id: number) => ({
      id,
      cameraId: 1,
      filePath: `cam_1/2026-06-01/0${id}-00-00.mp4`,
      sizeBytes: 1,
      startMillis: id,
      endMillis: id + 1,
    })
    await Effect.runPromise(
      Effect.gen(function* () {
        const deletion = yield* Deletion
        const sources = yield* ExportSources
        // The first is being marked, and the others wait for it when this line is done.
        const fibers = [
          yield* Effect.forkChild(deletion.remove([recording(1)]), { startImmediately: true }),
          yield* Effect.forkChild(deletion.remove([recording(2), recording(3)]), { startImmediately: true }),
          yield* Effect.forkChild(
            deletion.removeExpired([[{ cameraId: 1, beforeMillis: 9 }]], () => undefined),
            { startImmediately: true },
          ),
        ]
        expect(marked).toEqual([[1]])
        sources.hold("clip", [recording(2).filePath])
        yield* Deferred.succeed(mayMark, undefined)
        for (const fiber of fibers) yield* Fiber.join<unknown, unknown>(fiber)
      }).pipe(Effect.provide(Deletion.layerNoDeps.pipe(Layer.provideMerge(services)))),
    )
    expect(marked).toEqual([[1], [3]])
    expect(passedOver).toEqual([new Set([recording(2).filePath])])
  })
})
