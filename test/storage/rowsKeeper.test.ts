import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect, it } from "vitest"
import { cameraEnabled, outageBegan } from "../../src/storage/accounting/transitions.ts"
import { CatalogMemory } from "../../src/storage/CatalogMemory.ts"
import type { LeftRows, WriteNote } from "../../src/storage/catalogWrites.ts"
import { noPendingRowsFile, PendingRowsFileFault } from "../../src/storage/PendingRowsFile.ts"
import { makeRowsKeeper } from "../../src/storage/rowsKeeper.ts"

/** A keeper of one enabled camera's rows, and what became of its file. */
const makeScene = () => {
  const memory = new CatalogMemory({ lastSeenMillis: null, cameras: [] }, new Map(), () => undefined)
  const saved: Array<LeftRows> = []
  const removals = { attempts: 0, isFailing: false }
  let stateNumber = 0
  const note = Effect.sync((): WriteNote => {
    stateNumber += 1
    return { life: "a", stateNumber, seenAtMillis: 0 }
  })
  const file = {
    ...noPendingRowsFile,
    save: (rows: LeftRows) => Effect.sync(() => void saved.push(rows)),
    remove: Effect.suspend(() => {
      removals.attempts += 1
      return removals.isFailing ? Effect.fail(new PendingRowsFileFault({ message: "EROFS" })) : Effect.void
    }),
  }
  const keeper = makeRowsKeeper(file, memory.pending)
  const keep = (isUrgent = false) => keeper.keep(note, isUrgent)
  memory.apply(1, (ledger) => cameraEnabled(ledger, 0))
  return { memory, saved, removals, keeper, keep }
}

const inSimulatedTime = (test: () => Generator<Effect.Effect<unknown>, void, never>): Promise<void> =>
  Effect.runPromise(Effect.gen(test).pipe(Effect.provide(TestClock.layer())))

it("keeps rows at once, then every few seconds while they change, else as often as presence is noted", async () => {
  const { memory, saved, keep } = makeScene()
  await inSimulatedTime(function* () {
    yield* keep()
    expect(saved.map(({ rows }) => rows.gaps.length)).toEqual([1])
    yield* keep()
    memory.apply(1, (ledger) => outageBegan(ledger, "stalled", null, 1000))
    yield* keep()
    expect(saved).toHaveLength(1)
    yield* TestClock.adjust("3 seconds")
    yield* keep()
    expect(saved[1]?.rows.gaps).toMatchObject([{ cause: "stalled" }])
    yield* TestClock.adjust("3 seconds")
    yield* keep()
    expect(saved).toHaveLength(2)
    yield* TestClock.adjust("7 seconds")
    yield* keep()
    expect(saved).toHaveLength(3)
    yield* keep(true)
    expect(saved).toHaveLength(4)
  })
})

it("removes the file once, and tries again while that fails", async () => {
  const { removals, keeper, keep } = makeScene()
  await inSimulatedTime(function* () {
    yield* keeper.forget
    expect(removals.attempts).toBe(0)
    yield* keep()
    removals.isFailing = true
    yield* keeper.forget
    yield* keeper.forget
    expect(removals.attempts).toBe(2)
    removals.isFailing = false
    yield* keeper.forget
    yield* keeper.forget
    expect(removals.attempts).toBe(3)
  })
})

it("keeps rows at once again when the database goes away anew", async () => {
  const { saved, keeper, keep } = makeScene()
  await inSimulatedTime(function* () {
    yield* keep()
    yield* keeper.forget
    yield* keep()
    expect(saved).toHaveLength(2)
  })
})
