import { existsSync, realpathSync, rmSync } from "node:fs"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { binariesFor, sharedHome } from "./binaries.ts"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import { isSocketDirectory, newSocketDirectory, serverHome } from "./placement.ts"
import { isPostmasterOf, type Postmaster, processesIn, readPostmaster } from "./postmaster.ts"
import { initialize, lastLinesOf, serverRole } from "./serverFiles.ts"
import { serverUser } from "./serverUser.ts"
import { startPostmaster } from "./startPostmaster.ts"

export interface EmbeddedPostgresOptions {
  /** The data directory is `<stateDirectory>/postgres`, the server's log `<stateDirectory>/postgres.log`. */
  readonly stateDirectory: string
  /** Further settings of the server, such as `fsync`. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Where data and programs go while a parent of the state directory is private to root. */
  readonly sharedHome?: string
}

const pollInterval = "20 millis"
const superviseInterval = "1 second"
const readyTimeout = "90 seconds"
const fastShutdownTimeout = "30 seconds"
const immediateShutdownTimeout = "5 seconds"

const waitUntil = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sync(condition).pipe(
    Effect.repeat({ until: (isMet) => isMet, schedule: Schedule.spaced(pollInterval) }),
    Effect.asVoid,
  )

const removeSocketDirectory = (path: string): void => {
  if (isSocketDirectory(path)) rmSync(path, { recursive: true, force: true })
}

/** A signal to the postmaster; it may have ended since it was last seen. */
const signal = (postmaster: Postmaster, dataDirectory: string, name: NodeJS.Signals): void => {
  if (isPostmasterOf(postmaster.pid, dataDirectory)) process.kill(postmaster.pid, name)
}

/** Fast shutdown, then immediate shutdown (postgres(1), section "Notes"); both keep every committed row. */
const stop = Effect.fnUntraced(function* (dataDirectory: string) {
  const postmaster = readPostmaster(dataDirectory)
  if (postmaster === undefined || !isPostmasterOf(postmaster.pid, dataDirectory)) return
  const gone = waitUntil(() => !isPostmasterOf(postmaster.pid, dataDirectory))
  for (const [name, timeout] of [
    ["SIGINT", fastShutdownTimeout],
    ["SIGQUIT", immediateShutdownTimeout],
  ] as const) {
    signal(postmaster, dataDirectory, name)
    const ended = yield* Effect.timeoutOption(gone, timeout)
    if (ended._tag === "Some") {
      removeSocketDirectory(postmaster.socketDirectory)
      return
    }
  }
  yield* Effect.logError(`The embedded PostgreSQL (pid ${postmaster.pid}) did not end`)
})

/** The postmaster with this pid once it accepts connections; undefined when it ends before. */
const untilReady = Effect.fnUntraced(function* (pid: number, dataDirectory: string) {
  const ready = (): Postmaster | undefined => {
    const postmaster = readPostmaster(dataDirectory)
    return postmaster?.pid === pid && postmaster.status === "ready" ? postmaster : undefined
  }
  yield* waitUntil(() => ready() !== undefined || !isPostmasterOf(pid, dataDirectory))
  return isPostmasterOf(pid, dataDirectory) ? ready() : undefined
})

/** The living postmaster of a data directory, once it accepts connections; undefined when there is none. */
const adopt = (dataDirectory: string): Effect.Effect<Postmaster | undefined> => {
  const found = readPostmaster(dataDirectory)
  return found !== undefined && isPostmasterOf(found.pid, dataDirectory)
    ? untilReady(found.pid, dataDirectory)
    : Effect.succeed(undefined)
}

/**
 * A PostgreSQL of Vigia's own, on a unix socket only.
 *
 * A server that outlived an earlier life of the service is adopted; one that dies is started again. The
 * release is a fast shutdown and waits for its end. The server is detached, so that Ctrl-C reaches the service first.
 */
export class EmbeddedPostgres extends Context.Service<
  EmbeddedPostgres,
  {
    readonly socketDirectory: string
    readonly port: number
    readonly user: string
    readonly database: string
    /** Whether this life found the server running. */
    readonly adopted: boolean
  }
>()("vigia/storage/EmbeddedPostgres") {
  static readonly layer = (
    options: EmbeddedPostgresOptions,
  ): Layer.Layer<EmbeddedPostgres, EmbeddedPostgresError> =>
    Layer.effect(
      EmbeddedPostgres,
      Effect.gen(function* () {
        const place = yield* Effect.try({
          try: () => {
            const user = serverUser()
            const home = serverHome(options.stateDirectory, user, options.sharedHome ?? sharedHome)
            return {
              user,
              binaries: binariesFor(user, options.sharedHome ?? sharedHome),
              dataDirectory: join(home, "postgres"),
              logPath: join(realpathSync(options.stateDirectory), "postgres.log"),
            }
          },
          catch: (error) =>
            error instanceof EmbeddedPostgresError
              ? error
              : new EmbeddedPostgresError({
                  message: `Cannot prepare the embedded PostgreSQL: ${error instanceof Error ? error.message : String(error)}`,
                }),
        })
        const { dataDirectory } = place

        /** `socketDirectory`: where clients of this life expect the socket, after the first start. */
        const run = Effect.fnUntraced(function* (socketDirectory: string | undefined) {
          const living = yield* Effect.suspend(() => adopt(dataDirectory))
          if (living !== undefined) return { postmaster: living, adopted: true }
          yield* waitUntil(() => processesIn(dataDirectory).length === 0)
          // All its processes are gone: a pid that lives under this number is somebody else.
          const stale = readPostmaster(dataDirectory)
          rmSync(join(dataDirectory, "postmaster.pid"), { force: true })
          if (stale !== undefined && stale.socketDirectory !== socketDirectory) {
            removeSocketDirectory(stale.socketDirectory)
          }
          if (!existsSync(join(dataDirectory, "PG_VERSION"))) yield* initialize(place)
          const directory = socketDirectory ?? newSocketDirectory(place.user)
          const started = yield* startPostmaster({
            ...place,
            socketDirectory: directory,
            parameters: options.parameters ?? {},
          }).pipe(
            Effect.flatMap((pid) => untilReady(pid, dataDirectory)),
            Effect.filterOrFail(
              (postmaster) => postmaster !== undefined,
              () =>
                new EmbeddedPostgresError({
                  message: `The embedded PostgreSQL ended at its start: ${lastLinesOf(place.logPath)}`,
                }),
            ),
            Effect.onError(() => Effect.sync(() => removeSocketDirectory(directory))),
          )
          return { postmaster: started, adopted: false }
        })
        const runPatiently = (socketDirectory: string | undefined) =>
          run(socketDirectory).pipe(
            Effect.retry(Schedule.max([Schedule.spaced("500 millis"), Schedule.recurs(3)])),
            Effect.timeoutOrElse({
              duration: readyTimeout,
              orElse: () =>
                Effect.fail(
                  new EmbeddedPostgresError({
                    message: `The embedded PostgreSQL did not become ready within ${readyTimeout}: see ${place.logPath}`,
                  }),
                ),
            }),
          )

        // Registered first: an interrupted start leaves no server behind either.
        yield* Effect.addFinalizer(() => stop(dataDirectory))
        const { postmaster, adopted } = yield* runPatiently(undefined)
        const { socketDirectory, port } = postmaster
        yield* Effect.suspend(() =>
          isPostmasterOf(readPostmaster(dataDirectory)?.pid ?? 0, dataDirectory)
            ? Effect.void
            : Effect.logWarning("The embedded PostgreSQL has ended: starting it again").pipe(
                Effect.andThen(runPatiently(socketDirectory)),
                Effect.catch((error) => Effect.logError(error.message)),
              ),
        ).pipe(Effect.repeat(Schedule.spaced(superviseInterval)), Effect.forkScoped)
        return EmbeddedPostgres.of({ socketDirectory, port, user: serverRole, database: "postgres", adopted })
      }),
    )
}
