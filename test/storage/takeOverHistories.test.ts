import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, expect, it } from "vitest"
import { CatalogStore } from "../../src/storage/CatalogStore.ts"
import type { LeftRows } from "../../src/storage/catalogWrites.ts"
import { batchOf, forgetAll, gap, storedGaps, TakeOverScene } from "./TakeOverScene.ts"

let scene: TakeOverScene
beforeAll(async () => {
  scene = await TakeOverScene.make()
})
afterAll(() => scene.dispose())

/** What may happen to a life and its file, one after the other. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("change"), key: fc.constantFrom("a", "b", "c") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("write"), isRemovalFailing: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("writeUnheard") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("writeFailed") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("save") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("crash"), isRemovalFailing: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Lives of a service with one file of pending rows; notes where a crash and the next start go wrong. */
class Histories {
  readonly faults: Array<string> = []
  #version = 0
  #life: string = randomUUID()
  #stateNumber = 0
  #pending = new Map<string, number>()
  #file: LeftRows | null = null
  /** Whether the file holds all that the database may lack. */
  #isFileLatest = false

  readonly begin = Effect.suspend(() => this.#takeOver())

  #takeOver() {
    return Effect.flatMap(CatalogStore, (store) => store.takeOver(this.#life, this.#file))
  }

  #write() {
    return Effect.flatMap(CatalogStore, (store) => store.write(this.#rows(), this.#note()))
  }

  #rows() {
    return batchOf([...this.#pending].map(([key, newest]) => gap(key, newest)))
  }

  #note() {
    this.#stateNumber += 1
    return { life: this.#life, stateNumber: this.#stateNumber, seenAtMillis: this.#stateNumber }
  }

  #forget(isRemovalFailing: boolean): void {
    this.#pending = new Map()
    this.#isFileLatest = false
    if (!isRemovalFailing) this.#file = null
  }

  readonly happen = Effect.fnUntraced(function* (this: Histories, one: Step) {
    switch (one.kind) {
      case "change":
        this.#version += 1
        this.#pending.set(one.key, this.#version)
        this.#isFileLatest = false
        break
      case "write":
        yield* this.#write()
        this.#forget(one.isRemovalFailing)
        break
      case "writeUnheard":
        yield* this.#write()
        break
      case "writeFailed":
        this.#note()
        break
      case "save":
        this.#file = { ...this.#note(), rows: this.#rows() }
        this.#isFileLatest = true
        break
      case "crash":
        yield* this.#crash()
        this.#forget(one.isRemovalFailing)
    }
  })

  #crash() {
    return Effect.gen({ self: this }, function* () {
      const before = yield* storedGaps
      this.#life = randomUUID()
      this.#stateNumber = 0
      yield* this.#takeOver()
      const after = yield* storedGaps
      for (const [key, stored] of before) {
        if ((after.get(key) ?? 0) < stored) this.faults.push(`${key}: ${after.get(key)} over ${stored}`)
      }
      for (const [key, newest] of this.#isFileLatest ? this.#pending : []) {
        if (after.get(key) !== newest) this.faults.push(`${key}: ${newest} is lost`)
      }
    })
  }
}

it("never overwrite newer rows, and what was kept last is never lost, whatever happens in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const histories = new Histories()
      await scene.run(forgetAll)
      await scene.run(histories.begin)
      for (const one of steps) await scene.run(histories.happen(one))
      await scene.run(histories.happen({ kind: "crash", isRemovalFailing: false }))
      expect(histories.faults).toEqual([])
    }),
    { numRuns: 60, seed: 3 },
  )
})
