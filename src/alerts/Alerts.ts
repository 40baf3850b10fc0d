import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { Cleanup } from "../cleanup/Cleanup.ts"
import type { Alert } from "../domain/Alert.ts"
import type { HealthReport } from "../domain/Health.ts"
import { type Silence, isSilenced } from "../domain/Silence.ts"
import { EventJournal } from "../events/EventJournal.ts"
import { HealthMonitor } from "../health/HealthMonitor.ts"
import { StoredAlerts } from "../storage/Alerts.ts"
import { decodeCreatedCursor } from "../storage/createdCursor.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import { InvalidCursor } from "../storage/Recordings.ts"
import { type AlertBook, acknowledge, acknowledged, isStanding, standingIn } from "./AlertBook.ts"
import { type AlertsQuery, pageOf, standingAfter } from "./alertPages.ts"
import { Bookkeeping } from "./Bookkeeping.ts"
import { foreverDespiteDefects } from "./foreverDespiteDefects.ts"
import { forgetOld } from "./forgetOld.ts"
import { keepRowsSaved, saveRows } from "./outgoing.ts"
import type { DiskMarks } from "./serviceReadings.ts"
import { takeStandingRows } from "./takeStandingRows.ts"
import { makeWatch } from "./Watch.ts"

/** There is no such alert. */
export class AlertNotFound extends Schema.TaggedError<AlertNotFound>()("AlertNotFound", {
  alertId: Schema.String,
}) {}

/** There is no such silence, or not any more. */
export class SilenceNotFound extends Schema.TaggedError<SilenceNotFound>()("SilenceNotFound", {
  silenceId: Schema.String,
}) {}

/** As many silences as are kept are there already. */
export class TooManySilences extends Schema.TaggedError<TooManySilences>()("TooManySilences", {
  most: Schema.Int,
}) {}

const mostSilences = 1_000

/** An alert, and whether somebody asked not to be notified of it now. */
export type ListedAlert = Alert & { readonly isSilenced: boolean }

/** `nextCursor` is null on the last page. */
export interface AlertsPage {
  readonly alerts: ReadonlyArray<ListedAlert>
  readonly nextCursor: string | null
}

export type NewSilence = Omit<Silence, "id" | "createdAtMillis">

/** What stands is judged this often, and whenever something was measured. */
const tickMillis = 1_000

/**
 * Raises alerts by what is measured and by events, ends them, and notifies of them in groups.
 *
 * What it knows stands in the state file before anybody hears of it; the database follows.
 */
export class Alerts extends Context.Service<
  Alerts,
  {
    /** From now on reports are judged: they know all cameras. */
    readonly begin: Effect.Effect<void>
    /** From memory; the latest raised first. */
    readonly standing: Effect.Effect<ReadonlyArray<ListedAlert>>
    /** Standing ones from memory, also while the database is away. */
    list(query: AlertsQuery): Effect.Effect<AlertsPage, InvalidCursor | DatabaseUnavailable>
    get(id: string): Effect.Effect<ListedAlert, AlertNotFound | DatabaseUnavailable>
    /** Again changes nothing: the first acknowledgement stays. */
    acknowledge(
      id: string,
      by: string | null,
      note: string | null,
    ): Effect.Effect<ListedAlert, AlertNotFound | DatabaseUnavailable>
    /** Of those that are not over there are 1,000 at most. */
    silence(silence: NewSilence): Effect.Effect<Silence, TooManySilences>
    /** Those that are not over. */
    readonly silences: Effect.Effect<ReadonlyArray<Silence>>
    unsilence(id: string): Effect.Effect<void, SilenceNotFound>
  }
>()("vigia/alerts/Alerts") {
  static readonly layer = (marks: DiskMarks) => Layer.effect(Alerts, makeAlerts(marks))
}

const silencesNow = ({ silences }: AlertBook, nowMillis: number): ReadonlyArray<Silence> =>
  silences.filter(({ untilMillis }) => untilMillis > nowMillis)

const makeAlerts = Effect.fnUntraced(function* (marks: DiskMarks) {
  const monitor = yield* HealthMonitor
  const journal = yield* EventJournal
  const stored = yield* StoredAlerts
  const cleanup = yield* Cleanup
  const keeper = yield* Bookkeeping
  const watch = makeWatch(keeper, journal, marks)
  const reports = yield* Queue.sliding<HealthReport>(1)
  const taken = takeStandingRows(keeper, stored)
  const rows = Effect.andThen(taken, saveRows(keeper, stored))
  let hasBegun = false

  monitor.onReport((report) => {
    if (hasBegun) Queue.offerUnsafe(reports, report)
  })
  const nextReport = Queue.take(reports).pipe(
    Effect.timeoutOrElse({ duration: tickMillis, orElse: () => Effect.succeed(null) }),
  )
  const watching = nextReport.pipe(Effect.flatMap((report) => (hasBegun ? watch.look(report) : Effect.void)))
  yield* Effect.forkScoped(
    // Else what stands by its row alone would be raised again.
    Effect.andThen(Effect.exit(taken), foreverDespiteDefects("alerts cannot be judged", watching)),
  )
  yield* Effect.forkScoped(keepRowsSaved(rows, tickMillis))
  yield* Effect.forkScoped(forgetOld(stored, cleanup))

  const listed = (alert: Alert) =>
    Effect.map(Clock.currentTimeMillis, (nowMillis): ListedAlert => ({
      ...alert,
      isSilenced: isStanding(alert) && isSilenced(alert, keeper.book().silences, nowMillis),
    }))

  /** From memory where it is known there: a row may be older. */
  const find = Effect.fnUntraced(function* (id: string) {
    const { entries, unsaved } = keeper.book()
    const alert = entries.get(id)?.alert ?? unsaved.get(id) ?? (yield* stored.get(id))
    return alert ?? (yield* new AlertNotFound({ alertId: id }))
  })

  return Alerts.of({
    begin: Effect.sync(() => {
      hasBegun = true
    }),
    standing: Effect.suspend(() =>
      Effect.forEach(
        standingAfter(standingIn(keeper.book()), { state: "standing", limit: Infinity }, null),
        listed,
      ),
    ),
    list: Effect.fnUntraced(function* (query) {
      const after = query.cursor === undefined ? null : decodeCreatedCursor(query.cursor)
      if (after === undefined) return yield* new InvalidCursor()
      if (query.state !== "standing") yield* rows
      const found =
        query.state === "standing"
          ? standingAfter(standingIn(keeper.book()), query, after)
          : yield* stored.list({ ...query, isEnded: query.state === "ended", after, limit: query.limit + 1 })
      const { alerts, nextCursor } = pageOf(found, query.limit)
      return { alerts: yield* Effect.forEach(alerts, listed), nextCursor }
    }),
    get: (id) => Effect.flatMap(find(id), listed),
    acknowledge: Effect.fnUntraced(function* (id, by, note) {
      const known = yield* keeper.change((book, { wallMillis }) => {
        const step = acknowledge(book, id, by, note, wallMillis)
        return step ?? { book, changes: [], alert: null }
      })
      if (known.alert !== null) return yield* listed(known.alert)
      const before = yield* find(id)
      const alert = acknowledged(before, by, note, yield* Clock.currentTimeMillis)
      if (alert !== before) {
        yield* stored.save([alert])
        journal.publish({ type: "alert.acknowledged", alert })
      }
      return yield* listed(alert)
    }),
    silence: Effect.fnUntraced(function* (asked) {
      const createdAtMillis = yield* Clock.currentTimeMillis
      const silence: Silence = { ...asked, id: randomUUID(), createdAtMillis }
      const { isTaken } = yield* keeper.change((book) => {
        const isRoom = silencesNow(book, createdAtMillis).length < mostSilences
        const silences = isRoom ? [...book.silences, silence] : book.silences
        return { book: { ...book, silences }, changes: [], isTaken: isRoom }
      })
      return isTaken ? silence : yield* new TooManySilences({ most: mostSilences })
    }),
    silences: Effect.map(Clock.currentTimeMillis, (nowMillis) => silencesNow(keeper.book(), nowMillis)),
    unsilence: Effect.fnUntraced(function* (id) {
      const { isFound } = yield* keeper.change((book) => {
        const silences = book.silences.filter((silence) => silence.id !== id)
        const isThere = silences.length < book.silences.length
        return { book: isThere ? { ...book, silences } : book, changes: [], isFound: isThere }
      })
      if (!isFound) return yield* new SilenceNotFound({ silenceId: id })
    }),
  })
})
