import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { EventJournal } from "../events/EventJournal.ts"
import { type AlertBook, type BookStep, isSameBook, withStandingUnsaved } from "./AlertBook.ts"
import type { AlertsFile } from "./AlertsFile.ts"
import { logChange } from "./alertLog.ts"
import { makeBookSaver } from "./bookSaver.ts"
import { notify } from "./notify.ts"
import type { Instant } from "./stepTrack.ts"

export const instantNow: Effect.Effect<Instant> = Effect.gen(function* () {
  const wallMillis = yield* Clock.currentTimeMillis
  return { wallMillis, steadyMillis: Number(yield* Clock.monotonicTimeNanos) / 1e6 }
})

/** The one who changes the book: one change after another, each on disk before anybody hears of it. */
export interface BookKeeper {
  readonly book: () => AlertBook
  /** With a disk that refuses the book alerts go on in memory. */
  readonly change: <Step extends BookStep>(
    act: (book: AlertBook, now: Instant) => Step,
  ) => Effect.Effect<Step>
}

const withoutOver = (book: AlertBook, nowMillis: number): AlertBook =>
  book.silences.some(({ untilMillis }) => untilMillis <= nowMillis)
    ? { ...book, silences: book.silences.filter(({ untilMillis }) => untilMillis > nowMillis) }
    : book

export const makeBookKeeper = Effect.fnUntraced(function* (
  file: AlertsFile,
  journal: Pick<EventJournal["Service"], "publish">,
) {
  const turn = yield* Semaphore.make(1)
  let book = withStandingUnsaved(yield* file.read(yield* instantNow))
  const saver = yield* makeBookSaver(file)
  let isSaved = true

  const change: BookKeeper["change"] = (act) =>
    Effect.gen(function* () {
      const now = yield* instantNow
      const before = book
      const step = act(before, now)
      book = notify(withoutOver(step.book, now.wallMillis), now, randomUUID)
      if (!isSaved || !isSameBook(before, book)) isSaved = yield* saver.save(book, now)
      for (const one of step.changes) {
        journal.publish(one)
        yield* logChange(one)
      }
      return step
    }).pipe(Effect.uninterruptible, (changing) => turn.withPermit(changing))

  const keeper: BookKeeper = { book: () => book, change }
  return keeper
})
