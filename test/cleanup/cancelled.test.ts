import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Cleanup } from "../../src/cleanup/Cleanup.ts"
import { CleanupPasses, type CleanupReason } from "../../src/storage/CleanupPasses.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { CleanupScene } from "./CleanupScene.ts"

const hour = 3_600_000
const day = 24 * hour
const now = Date.parse("2026-06-10T03:05:00Z")

describe("a cancelled cleanup", () => {
  let scene: CleanupScene
  let open: Effect.Effect<unknown>
  beforeEach(async () => {
    const gate = Deferred.makeUnsafe<void>()
    open = Deferred.succeed(gate, undefined)
    scene = await CleanupScene.make({
      aroundStore: (store) => ({
        ...store,
        markExpired: (choice, atMillis) =>
          Effect.andThen(Deferred.await(gate), store.markExpired(choice, atMillis)),
      }),
    })
    scene.nowMillis = now
    const cameraId = await scene.addCamera(await scene.addOwner("basic"))
    await scene.record(cameraId, { startMillis: now - 9 * day, endMillis: now - 8 * day })
    // What the schedule named before there was anybody is due to nobody.
    await scene.sql((sql) => sql`UPDATE owners SET created_at = ${new Date(now - 30 * day)}`)
  })
  afterEach(() => scene.remove())

  const cleanup = <A, E>(ask: (service: Cleanup["Service"]) => Effect.Effect<A, E>): Promise<A> =>
    scene.run(Effect.flatMap(Cleanup, ask))
  const running = async () => (await cleanup(({ state }) => state)).running
  const cleanSince = () =>
    scene.run(
      Effect.flatMap(CleanupPasses, (passes) => passes.cleanSince(now)).pipe(
        Effect.provide(CleanupPasses.layer),
      ),
    )

  it.each(["schedule", "missed"] as const)(
    "ends where it was begun as %s, with all that wait",
    async (reason) => {
      const ends: Array<boolean> = []
      const begin = (one: CleanupReason) =>
        cleanup((service) => service.run(one)).then((isDone) => ends.push(isDone))
      const passes = [begin(reason)]
      await awaitFact("it is about to delete", async () => (await running())?.filesTotal === 1)
      passes.push(begin("schedule"))
      await cleanup(({ cancel }) => cancel)
      expect(await running()).toBeNull()
      await scene.run(open)
      await Promise.all(passes)
      expect(ends).toEqual([true, true])
      expect((await scene.rows()).length).toBe(1)
      expect(scene.files().length).toBe(1)
      const [pass] = (await cleanup(({ state }) => state)).passes
      expect(pass).toMatchObject({ reason, isComplete: false, endedAtMillis: now, files: 0 })
    },
  )

  it("is not caught up, also not by a later life; one that is asked for deletes", async () => {
    expect(await cleanSince()).toBeLessThan(now - day)
    await cleanup(({ cancel }) => cancel)
    expect(await cleanSince()).toBe(now)
    await scene.restart()
    expect(await cleanSince()).toBe(now)
    await scene.run(open)
    await scene.clean()
    expect(await scene.rows()).toEqual([])
  })
})
