import * as fc from "fast-check"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type CameraTrial, ChangePreview, type DoomedOfCamera } from "../../src/cleanup/ChangePreview.ts"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import { makeEvictions } from "../../src/cleanup/evictions.ts"
import { nodeDeletionFileSystem } from "../../src/cleanup/unlinkRecordings.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { ExportSources } from "../../src/storage/ExportSources.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { CleanupScene, type SceneServices } from "./CleanupScene.ts"

const hour = 3_600_000
const now = Date.parse("2026-06-10T03:00:00Z")

let scene: CleanupScene
/** Cameras 1 and 2 are those of owner 1, camera 3 is that of owner 2. */
let cameraIds: ReadonlyArray<number>
let ownerIds: ReadonlyArray<number>

beforeAll(async () => {
  scene = await CleanupScene.make({ fileSystem: nodeDeletionFileSystem })
  scene.nowMillis = now
  const [first, second] = [await scene.addOwner("premium"), await scene.addOwner("premium")]
  ownerIds = [first, second]
  cameraIds = [await scene.addCamera(first), await scene.addCamera(first), await scene.addCamera(second)]
})
afterAll(() => scene.remove())

interface Sum {
  readonly files: number
  readonly bytes: number
}

/** What there is of each camera, by its id. */
const stored = async (): Promise<ReadonlyMap<number, Sum>> => {
  const rows = await scene.sql<Sum & { readonly cameraId: number }>(
    (sql) => sql`SELECT camera_id, count(*)::int AS files, sum(file_size)::int AS bytes FROM recordings
      GROUP BY camera_id`,
  )
  return new Map(rows.map(({ cameraId, ...sum }) => [cameraId, sum]))
}

/** What there is less by now, as `camera: files, bytes`. */
const lostSince = async (before: ReadonlyMap<number, Sum>): Promise<ReadonlyArray<string>> => {
  const after = await stored()
  return cameraIds.flatMap((id) => {
    const files = (before.get(id)?.files ?? 0) - (after.get(id)?.files ?? 0)
    const bytes = (before.get(id)?.bytes ?? 0) - (after.get(id)?.bytes ?? 0)
    return files === 0 ? [] : [`${id}: ${files}, ${bytes}`]
  })
}

const told = (doomed: ReadonlyArray<DoomedOfCamera>, sumOf: (one: DoomedOfCamera) => Sum) =>
  doomed.flatMap((one) => {
    const { files, bytes } = sumOf(one)
    return files === 0 ? [] : [`${one.cameraId}: ${files}, ${bytes}`]
  })

/** What the service does by itself within moments. */
const enforceQuotas = Effect.gen(function* () {
  const catalog = yield* Catalog
  // The rows were written by the test.
  yield* catalog.recount
  yield* catalog.flush
  yield* makeEvictions({
    deletion: yield* Deletion,
    candidates: yield* EvictionCandidates,
    accounts: yield* StorageAccounts,
    catalog,
    publish: () => {},
  }).enforceQuotas()
})

type Preview = Effect.Effect<ReadonlyArray<DoomedOfCamera>, unknown, ChangePreview>

/** What went, as `camera: files, bytes`: by a preview alone, by what quotas do, and by a cleanup after them. */
interface Course {
  readonly byPreview: ReadonlyArray<string>
  readonly byQuotas: ReadonlyArray<string>
  readonly byAll: ReadonlyArray<string>
}

/** Previews a change, applies it, and lets the service do what follows. */
const follow = async (
  preview: Preview,
  change: Effect.Effect<unknown, unknown, SceneServices>,
): Promise<{ readonly foretold: Course; readonly done: Course }> => {
  const before = await stored()
  const doomed = await scene.run(preview)
  const byPreview = await lostSince(before)
  await scene.run(change)
  await scene.run(enforceQuotas)
  const byQuotas = await lostSince(before)
  await scene.clean()
  return {
    foretold: {
      byPreview: [],
      byQuotas: told(doomed, ({ overQuota }) => overQuota),
      byAll: told(doomed, (one) => one),
    },
    done: { byPreview, byQuotas, byAll: await lostSince(before) },
  }
}

/** Without any recording or limit, as before. */
const reset = async (): Promise<void> => {
  await scene.sql((sql) => sql`DELETE FROM recordings`)
  await scene.sql((sql) => sql`UPDATE owners SET quota_bytes = NULL, plan = 'premium'`)
  await scene.sql(
    (sql) => sql`UPDATE cameras SET quota_bytes = NULL, retention_days = NULL,
      owner_id = CASE WHEN id = ${cameraIds[2]} THEN ${ownerIds[1]}::int ELSE ${ownerIds[0]}::int END`,
  )
}

interface Described {
  readonly camera: number
  readonly ageHours: number
  readonly sizeBytes: number
  readonly kind: "closed" | "growing" | "missing" | "protected" | "clip" | "exported"
}

const recording: fc.Arbitrary<Described> = fc.record({
  camera: fc.integer({ min: 0, max: 2 }),
  ageHours: fc.integer({ min: 1, max: 35 * 24 }),
  sizeBytes: fc.integer({ min: 1, max: 300 }),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant("closed" as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        "growing" as const,
        "missing" as const,
        "protected" as const,
        "clip" as const,
        "exported" as const,
      ),
    },
  ),
})

const quotaBytes = fc.option(fc.integer({ min: 1, max: 900 }), { freq: 4 })

/** Writes them down; what is exported is held. */
const record = async (recordings: ReadonlyArray<Described>): Promise<void> => {
  const held: Array<string> = []
  for (const [at, { camera, ageHours, sizeBytes, kind }] of recordings.entries()) {
    const endMillis = now - ageHours * hour
    const filePath = await scene.record(cameraIds[camera] ?? 0, {
      startMillis: endMillis - hour - at * 1000,
      endMillis,
      sizeBytes,
      isProtected: kind === "protected",
      isClip: kind === "clip",
      state: kind === "growing" || kind === "missing" ? kind : "closed",
    })
    if (kind === "exported") held.push(filePath)
  }
  await scene.run(Effect.map(ExportSources, (sources) => sources.hold("export", held)))
}

describe("the preview of a change", () => {
  it("of an owner is what then goes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(recording, { minLength: 5, maxLength: 25 }),
        fc.record({
          plan: fc.constantFrom("basic" as const, "pro" as const, "premium" as const),
          quotaBytes,
          cameraQuotaBytes: quotaBytes,
        }),
        async (recordings, { plan, quotaBytes: ownerQuotaBytes, cameraQuotaBytes }) => {
          await reset()
          await record(recordings)
          await scene.run(
            Effect.flatMap(Cameras, (cameras) =>
              cameras.update(cameraIds[0] ?? 0, { quotaBytes: cameraQuotaBytes }),
            ),
          )
          const trial = { plan, quotaBytes: ownerQuotaBytes }
          const [ownerId = 0] = ownerIds
          // What is old whatever changes is gone already, also of others.
          await scene.clean()
          const { done, foretold } = await follow(
            Effect.flatMap(ChangePreview, (preview) => preview.ofOwner(ownerId, trial)),
            Effect.flatMap(Owners, (owners) => owners.update(ownerId, trial)),
          )
          expect(done).toEqual(foretold)
        },
      ),
      { numRuns: 15, seed: 11 },
    )
  })

  it("of a camera is what then goes, also of the others of its new owner", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(recording, { minLength: 5, maxLength: 25 }),
        fc.record(
          {
            isMoved: fc.boolean(),
            retentionDays: fc.option(fc.integer({ min: 1, max: 30 })),
            quotaBytes,
          },
          { requiredKeys: ["isMoved"] },
        ),
        quotaBytes,
        async (recordings, { isMoved, ...limits }, ownerQuotaBytes) => {
          await reset()
          await record(recordings)
          const [cameraId = 0] = cameraIds
          const [, otherId = 0] = ownerIds
          const trial: CameraTrial = { ...limits, ...(isMoved ? { ownerId: otherId } : {}) }
          await scene.run(
            Effect.flatMap(Owners, (owners) =>
              owners.update(otherId, { plan: "basic", quotaBytes: ownerQuotaBytes }),
            ),
          )
          await scene.run(enforceQuotas)
          await scene.clean()
          const { done, foretold } = await follow(
            Effect.flatMap(ChangePreview, (preview) => preview.ofCamera(cameraId, trial)),
            Effect.flatMap(Cameras, (cameras) => cameras.update(cameraId, trial)),
          )
          expect(done).toEqual(foretold)
        },
      ),
      { numRuns: 15, seed: 12 },
    )
  })

  it("tells of a quota that takes all but what is protected, a clip, or grows", async () => {
    await reset()
    await record(
      (["closed", "protected", "clip", "growing", "closed"] as const).map((kind, at) => ({
        camera: 0,
        ageHours: 10 + at,
        sizeBytes: 100,
        kind,
      })),
    )
    const [ownerId = 0] = ownerIds
    const [cameraId = 0] = cameraIds
    const doomed = await scene.run(
      Effect.flatMap(ChangePreview, (preview) => preview.ofOwner(ownerId, { quotaBytes: 5 })),
    )
    expect(doomed).toMatchObject([
      { cameraId, ownerId, files: 2, bytes: 200, overQuota: { files: 2, bytes: 200 } },
    ])
    expect(await scene.run(Effect.flatMap(ChangePreview, (preview) => preview.ofOwner(ownerId, {})))).toEqual(
      [],
    )
  })

  it("knows no owner or camera that is not there", async () => {
    const faultOf = (preview: Preview) => scene.run(Effect.flip(preview))
    const owner = Effect.flatMap(ChangePreview, (preview) => preview.ofOwner(99, {}))
    expect(await faultOf(owner)).toMatchObject({ _tag: "OwnerNotFound", ownerId: 99 })
    const camera = Effect.flatMap(ChangePreview, (preview) => preview.ofCamera(99, {}))
    expect(await faultOf(camera)).toMatchObject({ _tag: "CameraNotFound", cameraId: 99 })
    const moved = Effect.flatMap(ChangePreview, (preview) =>
      preview.ofCamera(cameraIds[0] ?? 0, { ownerId: 99 }),
    )
    expect(await faultOf(moved)).toMatchObject({ _tag: "OwnerNotFound", ownerId: 99 })
  })
})
