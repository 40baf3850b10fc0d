import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Delivery } from "../delivery/Delivery.ts"
import { EventJournal } from "../events/EventJournal.ts"
import { DatabaseWaitListener } from "../storage/untilDatabaseAnswers.ts"
import { type AlertsFile, makeAlertsFile } from "./AlertsFile.ts"
import { type BookKeeper, makeBookKeeper } from "./BookKeeper.ts"
import { foreverDespiteDefects } from "./foreverDespiteDefects.ts"
import { sendDecided } from "./outgoing.ts"
import { raiseDatabaseAway } from "./raiseDatabaseAway.ts"

/** What waits for its time to be told is looked at this often. */
const tickMillis = 1_000

/**
 * The book of alerts, and what hands the notifications it decides to the outbox.
 *
 * It needs no database: what an earlier life decided is sent, and the database itself can be told of, before it answers.
 */
export class Bookkeeping extends Context.Service<Bookkeeping, BookKeeper>()("vigia/alerts/Bookkeeping") {
  static readonly layerOnFile = (file: AlertsFile) =>
    Layer.effect(
      Bookkeeping,
      Effect.gen(function* () {
        const keeper = yield* makeBookKeeper(file, yield* EventJournal)
        const delivery = yield* Delivery
        const telling = keeper
          .change((book) => ({ book, changes: [] }))
          .pipe(Effect.andThen(sendDecided(keeper, delivery)), Effect.andThen(Effect.sleep(tickMillis)))
        yield* Effect.forkScoped(foreverDespiteDefects("notifications cannot be decided", telling))
        return Bookkeeping.of(keeper)
      }),
    )

  static readonly layer = (stateDirectory: string) => this.layerOnFile(makeAlertsFile(stateDirectory))
}

/** Whoever starts on it and waits for the database raises `database_away`: nobody else can before the start is over. */
export const databaseWaitLayer = Layer.effect(
  DatabaseWaitListener,
  Effect.map(
    Bookkeeping,
    (keeper) => (sinceMillis: number) =>
      // A bug here must not end the start.
      Effect.catchDefect(raiseDatabaseAway(keeper, sinceMillis), (defect) =>
        Effect.logFatal("an alert cannot be raised", defect),
      ),
  ),
)
