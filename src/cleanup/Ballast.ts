import { randomBytes } from "node:crypto"
import { open, rename, rm, stat, statfs } from "node:fs/promises"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { errorCode } from "../domain/errorCode.ts"

const mebibyte = 2 ** 20

/** Two files of PostgreSQL's log: it ends where it cannot begin the next one. */
const largestBytes = 32 * mebibyte
/** Of a small disk no more than such a part. */
const diskParts = 16
/** It is made again only where so many times its size is free. */
const spareTimes = 4

const freeBytesOf = async (directory: string): Promise<{ freeBytes: number; sizeBytes: number }> => {
  const { bavail, blocks, bsize } = await statfs(directory)
  return {
    freeBytes: bavail * bsize,
    sizeBytes: Math.min(largestBytes, Math.floor((blocks * bsize) / diskParts / mebibyte) * mebibyte),
  }
}

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0
    throw error
  }
}

/** Written and synced, of what no file system can make smaller: a sparse file would hold no room. */
const writeBallast = async (path: string, sizeBytes: number): Promise<void> => {
  const partial = `${path}.partial`
  const file = await open(partial, "w", 0o600)
  try {
    for (let written = 0; written < sizeBytes; written += mebibyte) await file.write(randomBytes(mebibyte))
    await file.sync()
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(partial, path)
}

/**
 * Room that is kept beside the embedded database, for it to note what is deleted when nothing else is free.
 *
 * A deletion marks its rows before a file goes, and PostgreSQL cannot write that on a disk that is full.
 */
export class Ballast extends Context.Service<
  Ballast,
  {
    /** Gives the room up where less than half as much is free. */
    readonly giveUp: Effect.Effect<void>
    /** Takes the room, where it does not hold it and much more is free. */
    readonly restore: Effect.Effect<void>
  }
>()("vigia/cleanup/Ballast") {
  /** None with a database elsewhere: null. */
  static readonly layer = (directory: string | null): Layer.Layer<Ballast> =>
    directory === null
      ? Layer.succeed(Ballast, { giveUp: Effect.void, restore: Effect.void })
      : Layer.sync(Ballast, () => makeBallast(directory))
}

const makeBallast = (directory: string): Ballast["Service"] => {
  const path = join(directory, "ballast")

  /** A fault leaves things as they are: there is nothing that anybody else could do about it. */
  const attempt = <A>(what: string, work: () => Promise<A>, otherwise: A): Effect.Effect<A> =>
    Effect.tryPromise({ try: work, catch: errorCode }).pipe(
      Effect.catch((code) =>
        Effect.as(Effect.logWarning(`the ballast of the database cannot be ${what}: ${code}`), otherwise),
      ),
    )

  const giveUp = Effect.gen(function* () {
    const isGivenUp = yield* attempt(
      "given up",
      async () => {
        const { freeBytes } = await freeBytesOf(directory)
        const heldBytes = await sizeOf(path)
        if (heldBytes === 0 || freeBytes >= heldBytes / 2) return false
        await rm(path)
        return true
      },
      false,
    )
    if (isGivenUp) yield* Effect.logWarning("the ballast is given up: the database needs its room to delete")
  })

  const restore = attempt(
    "made",
    async () => {
      const { freeBytes, sizeBytes } = await freeBytesOf(directory)
      if (sizeBytes === 0 || freeBytes < spareTimes * sizeBytes || (await sizeOf(path)) > 0) return
      await writeBallast(path, sizeBytes)
    },
    undefined,
  )

  return Ballast.of({ giveUp, restore })
}
