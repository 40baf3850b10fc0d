import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ChangePreview } from "../../src/cleanup/ChangePreview.ts"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { type Plan, retentionDays } from "../../src/domain/Plan.ts"
import { Cameras } from "../../src/storage/Cameras.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { CleanupPasses } from "../../src/storage/CleanupPasses.ts"
import { Owners } from "../../src/storage/Owners.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { CleanupScene } from "./CleanupScene.ts"

const second = 1000
const hour = 3_600_000
const day = 24 * hour
const plans: ReadonlyArray<Plan> = ["basic", "pro", "premium"]

describe("a cleanup", () => {
  let scene: CleanupScene
  beforeEach(async () => {
    scene = await CleanupScene.make()
  })
  afterEach(() => scene.remove())

  it.each(["2026-01-20T03:00:00Z", "2026-03-09T07:00:00Z", "2026-11-02T08:00:00Z"])(
    "at %s leaves what ended within the plan's days, to the second, for all three plans",
    async (now) => {
      const nowMillis = Date.parse(now)
      scene.nowMillis = nowMillis
      const kept: Array<string> = []
      for (const plan of plans) {
        const cameraId = await scene.addCamera(await scene.addOwner(plan))
        const boundary = nowMillis - retentionDays[plan] * day
        await scene.record(cameraId, { startMillis: boundary - hour, endMillis: boundary - second })
        // Its start is outside, its end at the boundary.
        kept.push(
          await scene.record(cameraId, { startMillis: boundary - hour + second, endMillis: boundary }),
        )
        kept.push(
          await scene.record(cameraId, { startMillis: boundary - hour / 2, endMillis: boundary + hour }),
        )
      }
      expect(await scene.clean()).toBe(true)
      expect(await scene.rows()).toEqual(kept.toSorted())
      expect(scene.files()).toEqual(kept.toSorted())
      // The boundary has passed.
      scene.nowMillis = nowMillis + 1
      await scene.clean()
      expect(await scene.rows()).toEqual(kept.filter((_, at) => at % 2 === 1).toSorted())
    },
  )

  it("leaves no recording of a basic camera that is older than 7 days, by its end and by its row", async () => {
    const now = Date.parse("2026-06-10T03:00:00Z")
    scene.nowMillis = now
    const cameraId = await scene.addCamera(await scene.addOwner("basic"))
    for (let age = 0; age < 14 * 24; age += 5) {
      const endMillis = now - age * hour
      await scene.record(cameraId, { startMillis: endMillis - hour, endMillis })
    }
    const protectedPath = await scene.record(cameraId, {
      startMillis: now - 20 * day,
      endMillis: now - 20 * day + hour,
      isProtected: true,
    })
    await scene.clean()
    const old = await scene.sql<{ filePath: string }>(
      (sql) => sql`SELECT file_path FROM recordings
        WHERE (created_at < ${new Date(now - 7 * day)} OR end_time < ${new Date(now - 7 * day)})`,
    )
    expect(old).toEqual([{ filePath: protectedPath }])
    expect((await scene.rows()).length).toBe(Math.ceil((7 * 24 + 1) / 5) + 1)
    // An adopted file has a young row and an old recording.
    await scene.record(cameraId, {
      startMillis: now - 30 * day,
      endMillis: now - 29 * day,
      createdAtMillis: now,
    })
    await scene.clean()
    expect((await scene.rows()).length).toBe(Math.ceil((7 * 24 + 1) / 5) + 1)
  })

  it("keeps clips, and growing files whatever their age", async () => {
    const now = Date.parse("2026-06-10T03:00:00Z")
    scene.nowMillis = now
    const cameraId = await scene.addCamera(await scene.addOwner("basic"))
    const at = (hours: number) => ({
      startMillis: now - 20 * day + hours * hour,
      endMillis: now - 20 * day + (hours + 1) * hour,
    })
    const clip = await scene.record(cameraId, at(0))
    await scene.sql((sql) => sql`UPDATE recordings SET is_clip = true WHERE file_path = ${clip}`)
    const growing = await scene.record(cameraId, { ...at(1), state: "growing" })
    const missing = await scene.record(cameraId, { ...at(2), state: "missing" })
    await scene.clean()
    expect(await scene.rows()).toEqual([clip, growing])
    expect(scene.files()).toEqual([clip, growing])
    expect(scene.has(missing)).toBe(false)
  })

  it("takes the shorter retention of a camera, and the owner's plan for a removed one", async () => {
    const now = Date.parse("2026-06-10T03:00:00Z")
    scene.nowMillis = now
    const ownerId = await scene.addOwner("premium")
    const short = await scene.addCamera(ownerId, 2)
    const removed = await scene.addCamera(ownerId)
    const at = (days: number) => ({ startMillis: now - days * day - hour, endMillis: now - days * day })
    const kept = [
      await scene.record(short, at(1)),
      await scene.record(removed, at(3)),
      await scene.record(removed, at(29)),
    ]
    await scene.record(short, at(3))
    await scene.record(removed, at(31))
    await scene.run(Effect.flatMap(Cameras, (cameras) => cameras.remove(removed)))
    await scene.clean()
    expect(await scene.rows()).toEqual(kept.toSorted())
  })

  it("says beforehand what a change of the plan would delete, and follows it at the next pass", async () => {
    const now = Date.parse("2026-06-10T03:00:00Z")
    scene.nowMillis = now
    const ownerId = await scene.addOwner("premium")
    const cameraId = await scene.addCamera(ownerId)
    await scene.addCamera(await scene.addOwner("basic"))
    for (const days of [1, 8, 20]) {
      await scene.record(cameraId, { startMillis: now - days * day - hour, endMillis: now - days * day })
    }
    const before = await scene.rows()
    const preview = await scene.run(
      Effect.flatMap(ChangePreview, (service) => service.ofOwner(ownerId, { plan: "basic" })),
    )
    expect(preview).toEqual([
      {
        cameraId,
        ownerId,
        files: 2,
        bytes: 200,
        oldestMillis: now - 20 * day - hour,
        newestMillis: now - 8 * day,
        overQuota: { files: 0, bytes: 0 },
      },
    ])
    const without = Effect.flatMap(Cleanup, (cleanup) => cleanup.preview({ trustsClock: false }))
    expect(await scene.run(without)).toEqual([])
    await scene.clean()
    expect(await scene.rows()).toEqual(before)
    await scene.run(Effect.flatMap(Owners, (owners) => owners.update(ownerId, { plan: "basic" })))
    await scene.clean()
    expect((await scene.rows()).length).toBe(1)
    await scene.run(Effect.flatMap(Owners, (owners) => owners.update(ownerId, { plan: "premium" })))
    await scene.clean()
    expect((await scene.rows()).length).toBe(1)
  })

  it("leaves a record, sums that follow, one gap for a run of files, and no empty day", async () => {
    const now = Date.parse("2026-06-10T03:00:00Z")
    scene.nowMillis = now
    const cameraId = await scene.addCamera(await scene.addOwner("basic"))
    const from = now - 10 * day
    for (let at = 0; at < 30; at++) {
      await scene.record(cameraId, { startMillis: from + at * hour, endMillis: from + (at + 1) * hour })
    }
    const young = await scene.record(cameraId, { startMillis: now - hour, endMillis: now })
    await scene.restart()
    await scene.clean()
    expect(await scene.gaps()).toEqual([
      { cameraId, detail: "expired", fromMillis: from, toMillis: from + 30 * hour },
    ])
    expect(scene.files("")).toEqual(
      [
        ".vigia",
        `cam_${cameraId}`,
        `cam_${cameraId}/.camera`,
        `cam_${cameraId}/2026-06-10`,
        young,
        young.replace("mp4", "idx"),
      ].toSorted(),
    )
    await awaitFact("the sums follow", () =>
      scene.run(Effect.map(Catalog, (catalog) => catalog.snapshot(cameraId).totalBytes === 100)),
    )
    const [pass] = await scene.run(
      Effect.provide(
        Effect.flatMap(CleanupPasses, (passes) => passes.last(5)),
        CleanupPasses.layer,
      ),
    )
    expect(pass).toMatchObject({
      reason: "asked",
      startedAtMillis: now,
      endedAtMillis: now,
      isComplete: true,
      cameras: 1,
      files: 30,
      bytes: 3000,
      errors: 0,
    })
  })

  it("pages through more than one group of many cameras", async () => {
    const now = Date.parse("2026-06-10T03:00:00Z")
    scene.nowMillis = now
    const ownerId = await scene.addOwner("basic")
    const cameraIds = [await scene.addCamera(ownerId), await scene.addCamera(ownerId)]
    await scene.sql(
      (sql) => sql`
        INSERT INTO recordings (camera_id, start_time, end_time, file_path, file_size, duration, run_id,
          segment_number, state, frames, missing_frames, fragments, video_codec, audio)
        SELECT camera, at, at + interval '1 second',
          format('cam_%s/%s.mp4', camera, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD/HH24-MI-SS')),
          1, 1, 'run', 0, 'closed', 25, 0, 1, 'avc1', 'none'
        FROM unnest(ARRAY[${cameraIds[0]}::int, ${cameraIds[1]}::int]) AS camera,
          generate_series(0, 2499) AS number,
          LATERAL (SELECT ${new Date(now - 10 * day)}::timestamptz + make_interval(secs => number) AS at) AS start`,
    )
    expect(await scene.clean()).toBe(true)
    expect(await scene.rows()).toEqual([])
    expect((await scene.gaps()).map(({ fromMillis, toMillis }) => toMillis - fromMillis)).toEqual([
      2500 * second,
      2500 * second,
    ])
  })
})
