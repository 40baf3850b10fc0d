import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as TestClock from "effect/testing/TestClock"
import { Alerts } from "../../src/alerts/Alerts.ts"
import { Bookkeeping, databaseWaitLayer } from "../../src/alerts/Bookkeeping.ts"
import type { AlertsFile } from "../../src/alerts/AlertsFile.ts"
import { lostBook } from "../../src/alerts/AlertBook.ts"
import { bookFromText, keptText } from "../../src/alerts/keptBook.ts"
import { Cleanup, type CleanupState } from "../../src/cleanup/Cleanup.ts"
import { Delivery } from "../../src/delivery/Delivery.ts"
import type { Alert, Notification } from "../../src/domain/Alert.ts"
import type { HealthReport } from "../../src/domain/Health.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { HealthMonitor } from "../../src/health/HealthMonitor.ts"
import { StoredAlerts } from "../../src/storage/Alerts.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { untilDatabaseAnswers } from "../../src/storage/untilDatabaseAnswers.ts"
import { reportOf } from "./healthReports.ts"

export const sampleSeconds = 5

/** The world of the alerts: what outlives a life of the service, and how often each part was used. */
export class AlertsScene {
  nowMillis = Date.parse("2026-01-14T15:00:00Z")
  text: string | null = null
  readonly rows = new Map<string, Alert>()
  /** As the outbox has them: the same id again is the same notification. */
  readonly outbox = new Map<string, Notification>()
  readonly sends: Array<string> = []
  readonly logged: Array<string> = []
  isDatabaseAway = false
  clockSteps: CleanupState["clockSteps"] = []
  isDiskHanging = false
  /** Instead of one that has no receiver and takes all. */
  delivery: Layer.Layer<Delivery> | null = null
  steps = 0
  /** The life dies instead of this step, or (0.5 less) right after it. */
  dieAt = Infinity
  readonly lives: Array<AlertsLife> = []

  /** Whether this step still happens, and whether the life goes on after it. */
  take(life: AlertsLife): { readonly happens: boolean; readonly goesOn: boolean } {
    if (life.isDead) return { happens: false, goesOn: false }
    this.steps += 1
    if (this.steps < this.dieAt) return { happens: true, goesOn: true }
    life.isDead = true
    const happens = !Number.isInteger(this.dieAt)
    this.dieAt = Infinity
    return { happens, goesOn: false }
  }

  async live(): Promise<AlertsLife> {
    const life = this.wait()
    await life.begin()
    return life
  }

  /** A life that did not begin: it may wait for its database. */
  wait(): AlertsLife {
    const life = new AlertsLife(this)
    this.lives.push(life)
    return life
  }

  /** What was told, as `kind raised 1,2 ended 3`. */
  get told(): ReadonlyArray<string> {
    return [...this.outbox.values()].map(({ kind, alerts }) => {
      const of = (verb: string, some: ReadonlyArray<Alert>) =>
        some.length === 0 ? "" : ` ${verb} ${some.map(({ cameraId }) => cameraId ?? "service").join(",")}`
      const standing = alerts.filter(({ endedAtMillis }) => endedAtMillis === null)
      const ended = alerts.filter(({ endedAtMillis }) => endedAtMillis !== null)
      return `${kind}${of("raised", standing)}${of("ended", ended)}`
    })
  }

  async dispose(): Promise<void> {
    for (const life of this.lives) if (!life.isDead) await life.end()
  }
}

/** One life of the alerts, on a clock of its own; a dead one does nothing more. */
export class AlertsLife {
  isDead = false
  report: (nowMillis: number) => HealthReport = (nowMillis) => reportOf(nowMillis, [])
  readonly #scene: AlertsScene
  readonly #listeners: Array<(report: HealthReport) => void> = []
  readonly #runtime: ManagedRuntime.ManagedRuntime<Alerts | EventJournal, never>
  /** The part of the same life that needs no database. */
  readonly #start: ManagedRuntime.ManagedRuntime<Bookkeeping, never>
  #secondsToReport = 0

  constructor(scene: AlertsScene) {
    this.#scene = scene
    const doing = (act: () => void) =>
      Effect.suspend(() => {
        const { happens, goesOn } = scene.take(this)
        if (happens) act()
        return goesOn ? Effect.void : Effect.never
      })
    const file: AlertsFile = {
      read: (now) =>
        scene.text === null ? Effect.succeed(lostBook) : Effect.orDie(bookFromText(scene.text, now)),
      save: (book, now) =>
        scene.isDiskHanging
          ? Effect.never
          : doing(() => {
              scene.text = keptText(book, now)
            }),
    }
    const fakes = Layer.mergeAll(
      Layer.mock(HealthMonitor, { onReport: (listener) => this.#listeners.push(listener) }),
      scene.delivery ??
        Layer.mock(Delivery, {
          send: (notification) =>
            Effect.as(
              doing(() => {
                scene.sends.push(notification.id)
                if (!scene.outbox.has(notification.id)) scene.outbox.set(notification.id, notification)
              }),
              true,
            ),
        }),
      Layer.mock(StoredAlerts, {
        save: (alerts) =>
          scene.isDatabaseAway
            ? Effect.fail(new DatabaseUnavailable({ reason: "away" }))
            : doing(() => {
                for (const alert of alerts) scene.rows.set(alert.id, alert)
              }),
        standing: Effect.suspend(() =>
          scene.isDatabaseAway
            ? Effect.fail(new DatabaseUnavailable({ reason: "away" }))
            : Effect.succeed([...scene.rows.values()].filter(({ endedAtMillis }) => endedAtMillis === null)),
        ),
        forget: (endedBeforeMillis, limit) =>
          Effect.sync(() => {
            const old = [...scene.rows.values()]
              .filter(({ endedAtMillis }) => (endedAtMillis ?? Infinity) < endedBeforeMillis)
              .slice(0, limit)
            for (const { id } of old) scene.rows.delete(id)
            return old.length
          }),
        get: (id) =>
          scene.isDatabaseAway
            ? Effect.fail(new DatabaseUnavailable({ reason: "away" }))
            : Effect.succeed(scene.rows.get(id) ?? null),
        list: () =>
          scene.isDatabaseAway
            ? Effect.fail(new DatabaseUnavailable({ reason: "away" }))
            : Effect.succeed([...scene.rows.values()]),
      }),
      Layer.mock(Cleanup, {
        planDays: { basic: 7, pro: 15, premium: 30 },
        state: Effect.sync(() => ({ running: null, passes: [], clockSteps: scene.clockSteps, future: null })),
      }),
      EventJournal.layer,
      Logger.layer([
        Logger.make(({ message, logLevel }) => {
          if (!this.isDead) scene.logged.push(`${logLevel} ${String(message)}`)
        }),
      ]),
    )
    const clock = Layer.effectDiscard(TestClock.setTime(scene.nowMillis)).pipe(
      Layer.provideMerge(TestClock.layer()),
    )
    const start = databaseWaitLayer.pipe(
      Layer.provideMerge(Bookkeeping.layerOnFile(file)),
      Layer.provideMerge(fakes),
      Layer.provideMerge(clock),
    )
    this.#start = ManagedRuntime.make(start)
    this.#runtime = ManagedRuntime.make(
      Alerts.layer({ warningPercent: 80, criticalPercent: 90 }).pipe(Layer.provideMerge(start)),
      { memoMap: this.#start.memoMap },
    )
  }

  /** Starts, and finds no database for this long. */
  async waitForDatabase(seconds: number): Promise<void> {
    const away = Effect.fail(new DatabaseUnavailable({ reason: "away" }))
    await this.#start.runPromise(
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(untilDatabaseAnswers("The database")(away))
        for (let second = 0; second < seconds; second++) yield* TestClock.adjust(1000)
        yield* Fiber.interrupt(waiting)
      }),
    )
    this.#scene.nowMillis += seconds * 1000
  }

  begin(): Promise<void> {
    return this.run(Effect.flatMap(Alerts, ({ begin }) => begin))
  }

  run<A, E>(effect: Effect.Effect<A, E, Alerts | EventJournal>): Promise<A> {
    return this.#runtime.runPromise(effect)
  }

  with<A, E>(use: (alerts: Alerts["Service"]) => Effect.Effect<A, E>): Promise<A> {
    return this.run(Effect.flatMap(Alerts, use))
  }

  /** Lets time pass, with a report every 5 s; ends early when the life does. */
  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count && !this.isDead; second++) {
      if (this.#secondsToReport === 0) {
        this.#secondsToReport = sampleSeconds
        for (const listener of this.#listeners) listener(this.report(this.#scene.nowMillis))
      }
      this.#secondsToReport -= 1
      this.#scene.nowMillis += 1000
      await this.#runtime.runPromise(TestClock.adjust(1000))
    }
  }

  async end(): Promise<void> {
    this.isDead = true
    await this.#runtime.dispose()
    await this.#start.dispose()
  }
}
