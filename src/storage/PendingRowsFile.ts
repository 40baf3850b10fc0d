import { readdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { LeftRows } from "./catalogWrites.ts"
import { errorCode } from "../domain/errorCode.ts"
import { readPendingRows, writePendingRows } from "./pendingRowsText.ts"
import { writeAtomically } from "./writeAtomically.ts"

/** The file of pending rows cannot be read, written or removed. */
export class PendingRowsFileFault extends Schema.TaggedError<PendingRowsFileFault>()("PendingRowsFileFault", {
  message: Schema.String,
}) {}

/**
 * Rows that the database does not have yet, kept on disk while it is away: they survive a crash of the service.
 *
 * `<stateDirectory>/pending-rows.json` (0600), replaced as a whole. What cannot be used is set aside as
 * `pending-rows.unusable.json`, never deleted and never fatal.
 */
export interface PendingRowsFile {
  /** What an earlier life left; null where there is none, or none that can be read. */
  readonly read: Effect.Effect<LeftRows | null>
  readonly save: (rows: LeftRows) => Effect.Effect<void, PendingRowsFileFault>
  /** Nothing where there is no file. */
  readonly remove: Effect.Effect<void, PendingRowsFileFault>
  readonly setAside: (why: string) => Effect.Effect<void>
}

const unfinishedName = /^pending-rows\.json\.[0-9a-f]{12}$/

export const makePendingRowsFile = (stateDirectory: string): PendingRowsFile => {
  const path = join(stateDirectory, "pending-rows.json")
  const asidePath = join(stateDirectory, "pending-rows.unusable.json")
  const attempt = <A>(doing: string, act: () => Promise<A>): Effect.Effect<A, PendingRowsFileFault> =>
    // Its end is waited for: two writes that overlap could leave the older one.
    Effect.uninterruptible(
      Effect.tryPromise({
        try: act,
        catch: (error) =>
          new PendingRowsFileFault({ message: `Cannot ${doing} ${path}: ${errorCode(error)}` }),
      }),
    )

  const setAside = (why: string): Effect.Effect<void> =>
    attempt("set aside", () => rename(path, asidePath)).pipe(
      Effect.andThen(Effect.logError(`${path} ${why}: it is set aside as ${asidePath}`)),
      Effect.catch((fault) => Effect.logError(`${path} ${why}. ${fault.message}`)),
    )

  const text = attempt("read", async () => {
    // What a crash left half written (see `writeAtomically`).
    const unfinished = (await readdir(stateDirectory)).filter((entry) => unfinishedName.test(entry))
    await Promise.all(unfinished.map((entry) => rm(join(stateDirectory, entry), { force: true })))
    try {
      return await readFile(path, "utf8")
    } catch (error) {
      if (errorCode(error) === "ENOENT") return null
      throw error
    }
  })

  return {
    read: text.pipe(
      Effect.flatMap((found) =>
        found === null
          ? Effect.succeed(null)
          : readPendingRows(found).pipe(
              Effect.catchTag("SchemaError", () => Effect.as(setAside("is damaged"), null)),
            ),
      ),
      Effect.catchTag("PendingRowsFileFault", (fault) => Effect.as(Effect.logError(fault.message), null)),
    ),
    save: (rows) => attempt("write", async () => writeAtomically(path, await writePendingRows(rows), 0o600)),
    remove: attempt("remove", () => rm(path, { force: true })),
    setAside,
  }
}

/** For a catalog whose rows need not survive a crash while the database is away. */
export const noPendingRowsFile: PendingRowsFile = {
  read: Effect.succeed(null),
  save: () => Effect.void,
  remove: Effect.void,
  setAside: () => Effect.void,
}
