import { lstat, mkdir, readdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Notification } from "../domain/Alert.ts"
import { errorCode } from "../domain/errorCode.ts"
import { syncDirectory } from "../storage/syncDirectory.ts"
import { writeAtomically } from "../storage/writeAtomically.ts"

/** What a file of the outbox holds. */
export const Parcel = Schema.Struct({
  /** Ascending in the order of sending. */
  sequence: Schema.Int,
  /** The names of the receivers that have it. */
  deliveredTo: Schema.Array(Schema.String),
  notification: Notification,
})
export type Parcel = typeof Parcel.Type

const ParcelText = Schema.fromJsonString(Parcel)
const readParcel = Schema.decodeOption(ParcelText)
const parcelText = Schema.encodeEffect(ParcelText)

/** The disk does not take or give what the outbox is asked for. */
export class OutboxFault extends Schema.TaggedError<OutboxFault>()("OutboxFault", {
  message: Schema.String,
}) {}

/** Notifications on their way, one file each: `<stateDirectory>/outbox/<id>.json` (0600), replaced as a whole. */
export class Outbox extends Context.Service<
  Outbox,
  {
    /** All that an earlier life left, in no order; what is no parcel of ours is set aside as `*.unusable`. */
    readonly load: Effect.Effect<ReadonlyArray<Parcel>, OutboxFault>
    /** Null where there is none, or none that can be used: that one is set aside. */
    read(id: string): Effect.Effect<Parcel | null, OutboxFault>
    /** Returns once it is on the medium. */
    write(parcel: Parcel): Effect.Effect<void, OutboxFault>
    /** Nothing where there is no file. */
    remove(id: string): Effect.Effect<void, OutboxFault>
  }
>()("vigia/delivery/Outbox") {
  static readonly layer = (stateDirectory: string) => Layer.succeed(Outbox, makeOutbox(stateDirectory))
}

const isUnfinished = (name: string): boolean => /\.json\.[0-9a-f]{12}$/.test(name)
const isSetAside = (name: string): boolean => name.endsWith(".unusable")
/** Far above the largest notification: a file of that size is none of ours. */
const mostBytes = 2 ** 24
const filesAtOnce = 8

const makeOutbox = (stateDirectory: string): Outbox["Service"] => {
  const directory = join(stateDirectory, "outbox")
  const pathOf = (id: string): string => join(directory, `${id}.json`)

  const attempt = <A>(doing: string, act: () => Promise<A>): Effect.Effect<A, OutboxFault> =>
    // Its end is waited for: two changes of one file that overlap could leave the older one.
    Effect.uninterruptible(
      Effect.tryPromise({
        try: act,
        catch: (error) =>
          new OutboxFault({ message: `${directory} cannot be ${doing}: ${errorCode(error)}` }),
      }),
    )

  const setAside = (name: string) =>
    attempt("written", () => rename(join(directory, name), join(directory, `${name}.unusable`))).pipe(
      Effect.andThen(
        Effect.logWarning(`${join(directory, name)} is no notification: it is set aside as ${name}.unusable`),
      ),
    )

  /** The text of a file that can be ours; null for others, such as pipes, which are not opened. */
  const textOf = async (name: string): Promise<string | null> => {
    const path = join(directory, name)
    const status = await lstat(path)
    return status.isFile() && status.size <= mostBytes ? readFile(path, "utf8") : null
  }

  const parcelOf = Effect.fnUntraced(function* (name: string) {
    const text = yield* attempt("read", () =>
      textOf(name).catch((error: unknown) => {
        if (errorCode(error) === "ENOENT") return undefined
        throw error
      }),
    )
    if (text === undefined) return null
    const parcel = text === null ? Option.none() : readParcel(text)
    if (Option.isSome(parcel) && `${parcel.value.notification.id}.json` === name) return parcel.value
    yield* setAside(name)
    return null
  })

  const load = Effect.gen(function* () {
    const names = yield* attempt("read", async () => {
      try {
        return await readdir(directory)
      } catch (error) {
        if (errorCode(error) === "ENOENT") return []
        throw error
      }
    })
    // What a crash left half written (see `writeAtomically`).
    yield* Effect.forEach(
      names.filter(isUnfinished),
      (name) =>
        attempt("written", () => rm(join(directory, name), { force: true })).pipe(
          Effect.catch((error) => Effect.logError(error.message)),
        ),
      { concurrency: filesAtOnce, discard: true },
    )
    const parcels = yield* Effect.forEach(
      names.filter((name) => !isUnfinished(name) && !isSetAside(name)),
      (name) => parcelOf(name).pipe(Effect.catch((error) => Effect.as(Effect.logError(error.message), null))),
      { concurrency: filesAtOnce },
    )
    return parcels.filter((parcel) => parcel !== null)
  })

  return Outbox.of({
    load,
    read: (id) => parcelOf(`${id}.json`),
    write: (parcel) =>
      Effect.flatMap(Effect.orDie(parcelText(parcel)), (text) =>
        attempt("written", async () => {
          const created = await mkdir(directory, { recursive: true, mode: 0o700 })
          if (created !== undefined) await syncDirectory(stateDirectory)
          await writeAtomically(pathOf(parcel.notification.id), text, 0o600)
        }),
      ),
    remove: (id) => attempt("written", () => rm(pathOf(id), { force: true })),
  })
}
