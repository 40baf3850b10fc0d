import { readFile, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { errorCode } from "../storage/errorCode.ts"
import { writeAtomically } from "../storage/writeAtomically.ts"
import { type AlertBook, emptyBook } from "./AlertBook.ts"
import { bookFromText, keptText } from "./keptBook.ts"
import type { Instant } from "./stepTrack.ts"

/** The state file of alerts cannot be read, written or set aside. */
export class AlertsFileFault extends Schema.TaggedError<AlertsFileFault>()("AlertsFileFault", {
  message: Schema.String,
}) {}

/** `<stateDirectory>/alerts.json` (0600), replaced as a whole: all that a crash must neither lose nor double. */
export interface AlertsFile {
  /** Empty where there is no file, or none that can be read: that one is set aside, and said. */
  readonly read: (now: Instant) => Effect.Effect<AlertBook>
  readonly save: (book: AlertBook, now: Instant) => Effect.Effect<void, AlertsFileFault>
}

const unfinishedName = /^alerts\.json\.[0-9a-f]{12}$/

export const makeAlertsFile = (stateDirectory: string): AlertsFile => {
  const path = join(stateDirectory, "alerts.json")
  const asidePath = join(stateDirectory, "alerts.unusable.json")
  const attempt = <A>(doing: string, act: () => Promise<A>): Effect.Effect<A, AlertsFileFault> =>
    // Its end is waited for: two writes that overlap could leave the older one.
    Effect.uninterruptible(
      Effect.tryPromise({
        try: act,
        catch: (error) => new AlertsFileFault({ message: `Cannot ${doing} ${path}: ${errorCode(error)}` }),
      }),
    )
  const text = attempt("read", async () => {
    const unfinished = (await readdir(stateDirectory)).filter((name) => unfinishedName.test(name))
    await Promise.all(unfinished.map((name) => rm(join(stateDirectory, name), { force: true })))
    try {
      return await readFile(path, "utf8")
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null
      throw error
    }
  })
  const setAside = attempt("set aside", () => rename(path, asidePath)).pipe(
    Effect.andThen(Effect.logError(`${path} is damaged: it is set aside as ${asidePath}`)),
  )
  return {
    read: (now) =>
      text.pipe(
        Effect.flatMap((found) =>
          found === null
            ? Effect.succeed(emptyBook)
            : bookFromText(found, now).pipe(
                Effect.catchTag("SchemaError", () => Effect.as(setAside, emptyBook)),
              ),
        ),
        Effect.catchTag("AlertsFileFault", ({ message }) => Effect.as(Effect.logError(message), emptyBook)),
      ),
    save: (book, now) => attempt("write", () => writeAtomically(path, keptText(book, now), 0o600)),
  }
}
