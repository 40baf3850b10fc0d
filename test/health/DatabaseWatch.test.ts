import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { makeDatabaseWatch } from "../../src/health/DatabaseWatch.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { DatabasePing } from "../../src/storage/DatabasePing.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"

it("is away from the first question without answer, until it answers and takes rows again", () => {
  let answersPing = true
  let takesRows = true
  const layer = Layer.mergeAll(
    TestClock.layer(),
    Layer.mock(DatabasePing, {
      latencyMillis: Effect.suspend(() =>
        answersPing ? Effect.succeed(4) : Effect.fail(new DatabaseUnavailable({ reason: "Timeout" })),
      ),
    }),
    Layer.mock(Catalog, {
      snapshot: () => {
        throw new Error("not asked")
      },
      growingFiles: () => [],
      knownFiles: () => {
        throw new Error("not asked")
      },
      health: Effect.sync(() => ({
        isDatabaseAnswering: takesRows,
        pendingRows: 0,
        droppedRows: 0,
        writtenAtMillis: null,
      })),
    }),
  )
  return Effect.runPromise(
    Effect.gen(function* () {
      const { ping, health } = yield* makeDatabaseWatch()
      const look = Effect.gen(function* () {
        yield* ping
        const { isAvailable, latencySeconds, awaySinceMillis } = yield* health
        yield* TestClock.adjust(5000)
        return [isAvailable, latencySeconds, awaySinceMillis]
      })
      expect(yield* look).toEqual([true, 0.004, null])
      answersPing = false
      expect(yield* look).toEqual([false, null, 5000])
      takesRows = false
      expect(yield* look).toEqual([false, null, 5000])
      answersPing = true
      expect(yield* look).toEqual([false, null, 5000])
      takesRows = true
      expect(yield* look).toEqual([true, 0.004, null])
    }).pipe(Effect.provide(layer)),
  )
})
