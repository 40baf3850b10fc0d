import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import { raise, standingIn } from "./AlertBook.ts"
import type { BookKeeper } from "./BookKeeper.ts"

const detail =
  "the database does not answer at the start of the service: until it does nothing new is recorded; what records already goes on"

/** Says of a start that it waits for its database; once, also over restarts: it ends as every other such alert. */
export const raiseDatabaseAway = (keeper: BookKeeper, sinceMillis: number): Effect.Effect<void> =>
  Effect.asVoid(
    keeper.change((book, { wallMillis }) =>
      standingIn(book).some(({ kind }) => kind === "database_away")
        ? { book, changes: [] }
        : raise(
            book,
            { id: randomUUID(), kind: "database_away", cameraId: null, detail, sinceMillis },
            wallMillis,
          ),
    ),
  )
