import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import type { ServerPlace } from "./placeServer.ts"
import { newSocketDirectory, removeSocketDirectory } from "./placement.ts"
import { isPostmasterOf, type Postmaster, processesIn, readPostmaster } from "./postmaster.ts"
import { initialize, lastLinesOf } from "./serverFiles.ts"
import { startPostmaster } from "./startPostmaster.ts"
import { stopServer } from "./stopServer.ts"
import { waitUntil } from "./waitUntil.ts"

const readyTimeout = "90 seconds"
const retries = Schedule.max([Schedule.spaced("500 millis"), Schedule.recurs(3)])

/** The postmaster with this pid once it accepts connections; undefined when it ends before. */
const untilReady = Effect.fnUntraced(function* (pid: number, dataDirectory: string) {
  const ready = (): Postmaster | undefined => {
    const postmaster = readPostmaster(dataDirectory)
    return postmaster?.pid === pid && postmaster.status === "ready" ? postmaster : undefined
  }
  yield* waitUntil(() => ready() !== undefined || !isPostmasterOf(pid, dataDirectory))
  return isPostmasterOf(pid, dataDirectory) ? ready() : undefined
})

/** Forgets a server that was killed. */
const clearStale = (dataDirectory: string, socketDirectory: string | undefined): void => {
  const stale = readPostmaster(dataDirectory)
  if (stale === undefined) return
  // PostgreSQL itself replaces the pid file of a dead process; one whose number lives again would stop it.
  if (existsSync(`/proc/${stale.pid}`) && !isPostmasterOf(stale.pid, dataDirectory)) {
    rmSync(join(dataDirectory, "postmaster.pid"), { force: true })
  }
  if (stale.socketDirectory !== socketDirectory) removeSocketDirectory(stale.socketDirectory)
}

export interface ServerRunner {
  /** Adopts the living server or starts one; done when it accepts connections, always on the same socket. */
  readonly run: Effect.Effect<
    { readonly postmaster: Postmaster; readonly adopted: boolean },
    EmbeddedPostgresError
  >
  isRunning(): boolean
  readonly stop: Effect.Effect<void>
}

/** Runs one server for the life of a service, as often as it must be started. */
export const makeRunner = (place: ServerPlace): ServerRunner => {
  const { dataDirectory } = place
  let spawnedPid: number | undefined
  let socketDirectory: string | undefined

  const isRunning = (): boolean => isPostmasterOf(readPostmaster(dataDirectory)?.pid ?? 0, dataDirectory)

  const start = Effect.gen(function* () {
    // Workers of a killed postmaster end by themselves; beside them nothing may start.
    yield* waitUntil(() => processesIn(dataDirectory).length === 0)
    clearStale(dataDirectory, socketDirectory)
    if (!existsSync(join(dataDirectory, "PG_VERSION"))) yield* initialize(place)
    socketDirectory ??= newSocketDirectory(place.user)
    spawnedPid = yield* startPostmaster({ ...place, socketDirectory })
    return yield* untilReady(spawnedPid, dataDirectory)
  })

  const runOnce = Effect.gen(function* () {
    const living = readPostmaster(dataDirectory)
    const adopted = living !== undefined && isRunning()
    const postmaster = yield* adopted ? untilReady(living.pid, dataDirectory) : start
    if (postmaster === undefined) {
      return yield* new EmbeddedPostgresError({
        message: `The embedded PostgreSQL ended at its start: ${lastLinesOf(place.logPath)}`,
      })
    }
    socketDirectory = postmaster.socketDirectory
    return { postmaster, adopted }
  })

  const run = runOnce.pipe(
    Effect.retry(retries),
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

  const stop = Effect.suspend(() => stopServer(dataDirectory, spawnedPid, socketDirectory))
  return { run, isRunning, stop }
}
