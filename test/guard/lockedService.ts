import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { ServiceLock } from "../../src/guard/ServiceLock.ts"
import { EmbeddedPostgres } from "../../src/storage/embedded/EmbeddedPostgres.ts"

/**
 * A service that does nothing but hold its directories:
 * `node lockedService.ts RECORDINGS STATE LEASE_MILLIS [SHARED_HOME]`.
 *
 * Says `locked` when it does, with a shared home also an embedded PostgreSQL. TERM ends it in order, USR2 at once.
 */
const [, , recordingDirectory = "", stateDirectory = "", leaseMillis = "", sharedHome = ""] = process.argv
const lock = ServiceLock.layer({ recordingDirectory, stateDirectory, leaseMillis: Number(leaseMillis) })
const database = sharedHome === "" ? Layer.empty : EmbeddedPostgres.layer({ stateDirectory, sharedHome })
const runtime = ManagedRuntime.make(Layer.provideMerge(database, lock))

const end = async (sentence: string, exitCode: number): Promise<never> => {
  process.stdout.write(`${sentence}\n`)
  await runtime.dispose()
  process.exit(exitCode)
}

// The lock alone keeps no process alive; a service listens.
setInterval(() => undefined, 60_000)
try {
  await runtime.context()
  process.on("SIGTERM", () => void end("stopped", 0))
  process.on("SIGUSR2", () => process.exit(0))
  runtime.runFork(
    Effect.flatMap(ServiceLock, ({ lost }) => lost).pipe(
      Effect.catch((error) => Effect.sync(() => void end(`lost: ${error.message}`, 3))),
    ),
  )
  process.stdout.write("locked\n")
} catch (error) {
  await end(error instanceof Error ? error.message : String(error), 1)
}
