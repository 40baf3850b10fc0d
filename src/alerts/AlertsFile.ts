import { readFile, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { errorCode } from "../domain/errorCode.ts"
import { writeAtomically } from "../storage/writeAtomically.ts"
import { type AlertBook, lostBook } from "./AlertBook.ts"
import { bookFromText, keptText } from "./keptBook.ts"
import type { Instant } from "./stepTrack.ts"

/** The state file of alerts cannot be read, written or set aside. */
export class AlertsFileFault extends Schema.TaggedError<AlertsFileFault>()("AlertsFileFault", {
  message: Schema.String,
}) {}

/** `<stateDirectory>/alerts.json` (0600), replaced as a whole: all that a crash must neither lose nor double. */
export interface AlertsFile {
  /** Lost where there is no file, or none that can be used: that one is set aside under a name of its own, and said. */
  readonly read: (now: Instant) => Effect.Effect<AlertBook>
  readonly save: (book: AlertBook, now: Instant) => Effect.Effect<void, AlertsFileFault>
}

const unfinishedName = /^alerts\.json\.[0-9a-f]{12}$/
const asideName = /^alerts\.unusable\.[^/]+\.json$/
/** Enough to see what happens again and again. */
const mostAside = 5

export const makeAlertsFile = (stateDirectory: string): AlertsFile => {
  const path = join(stateDirectory, "alerts.json")
  /** An unusable file could not be moved: as long as it is there nothing may be written over it. */
  let isInTheWay = false

  const attempt = <A>(doing: string, act: () => Promise<A>): Effect.Effect<A, AlertsFileFault> =>
    // Its end is waited for: two writes that overlap could leave the older one.
    Effect.uninterruptible(
      Effect.tryPromise({
        try: act,
        catch: (error) => new AlertsFileFault({ message: `Cannot ${doing} ${path}: ${errorCode(error)}` }),
      }),
    )

  const namesOf = async (pattern: RegExp): Promise<ReadonlyArray<string>> =>
    (await readdir(stateDirectory)).filter((name) => pattern.test(name))
  const removeFiles = (names: ReadonlyArray<string>) =>
    Promise.allSettled(names.map((name) => rm(join(stateDirectory, name), { force: true })))

  const text = attempt("read", async () => {
    await removeFiles(await namesOf(unfinishedName))
    try {
      return await readFile(path, "utf8")
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null
      throw error
    }
  })

  const setAside = Effect.fnUntraced(function* (nowMillis: number) {
    isInTheWay = true
    const name = `alerts.unusable.${new Date(nowMillis).toISOString().replaceAll(":", "-")}.json`
    const isMoved = yield* attempt("set aside", async () => {
      try {
        await rename(path, join(stateDirectory, name))
        return true
      } catch (error) {
        if (errorCode(error) === "ENOENT") return false
        throw error
      }
    })
    isInTheWay = false
    if (isMoved) yield* Effect.logError(`${path} is set aside as ${name}`)
    yield* attempt("tidy up beside", async () => {
      const names = (await namesOf(asideName)).filter((one) => one !== name).toSorted()
      await removeFiles(names.slice(0, Math.max(0, names.length - (mostAside - 1))))
    }).pipe(Effect.catch(({ message }) => Effect.logWarning(message)))
  })

  const unusable = (why: string, { wallMillis }: Instant): Effect.Effect<AlertBook> =>
    Effect.logError(`${why}: what stands is taken from the database`).pipe(
      Effect.andThen(setAside(wallMillis)),
      Effect.catch(({ message }) => Effect.logError(message)),
      Effect.as(lostBook),
    )

  return {
    read: (now) =>
      text.pipe(
        Effect.flatMap((found) =>
          found === null
            ? Effect.succeed(lostBook)
            : Effect.catchTag(bookFromText(found, now), "SchemaError", () =>
                unusable(`${path} is damaged`, now),
              ),
        ),
        Effect.catchTag("AlertsFileFault", ({ message }) => unusable(message, now)),
      ),
    save: (book, now) =>
      Effect.suspend(() => (isInTheWay ? setAside(now.wallMillis) : Effect.void)).pipe(
        Effect.andThen(attempt("write", () => writeAtomically(path, keptText(book, now), 0o600))),
      ),
  }
}
