import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { type AlertBook, emptyBook, standingIn } from "../../src/alerts/AlertBook.ts"
import type { BookKeeper } from "../../src/alerts/BookKeeper.ts"
import { makeWatch } from "../../src/alerts/Watch.ts"
import { EventRing } from "../../src/events/EventRing.ts"

it("judges again what a bug kept it from judging", async () => {
  const ring = new EventRing("life", 100)
  let book: AlertBook = emptyBook
  let hasBug = true
  const keeper: BookKeeper = {
    book: () => book,
    change: (act) =>
      Effect.sync(() => {
        const step = act(book, { wallMillis: 1e12, steadyMillis: 0 })
        if (hasBug) throw new Error("a bug")
        book = step.book
        return step
      }),
  }
  const journal = {
    read: (afterId: string | null, limit: number) => ring.read(afterId, limit),
    lastId: () => ring.lastId,
  }
  const watch = makeWatch(keeper, journal, { warningPercent: 80, criticalPercent: 90 })
  const evicted = {
    type: "recordings.evicted",
    cameraId: 3,
    reason: "disk",
    ownerId: 1,
    files: 2,
    sizeBytes: 1e9,
    fromMillis: 0,
    toMillis: 1,
  } as const
  ring.add(evicted, 1e12)
  await expect(Effect.runPromise(watch.look(null))).rejects.toThrow("a bug")
  hasBug = false
  await Effect.runPromise(watch.look(null))
  expect(standingIn(book)).toMatchObject([{ kind: "eviction", detail: expect.stringContaining("camera 3") }])
  const { size } = book.unsaved
  await Effect.runPromise(watch.look(null))
  expect(book.unsaved.size).toBe(size)
})
