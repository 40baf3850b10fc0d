import { flushCompileCache } from "node:module"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Alerts } from "./alerts/Alerts.ts"
import { HttpListener } from "./api/HttpListener.ts"
import { makeApp } from "./api/app.ts"
import { readSettings } from "./config/Settings.ts"
import { ServiceLock } from "./guard/ServiceLock.ts"
import { redact } from "./logging/redact.ts"
import { findLivingRuns } from "./recorder/livingRuns.ts"
import { serviceLayer } from "./service.ts"
import { Catalog } from "./storage/Catalog.ts"
import { startCameras } from "./supervision/startCameras.ts"

if (process.argv.includes("--help")) {
  process.stdout.write(
    "usage: npm start\nRecords cameras and serves the HTTP API. Settings: the environment, see README.md.\n",
  )
  process.exit(0)
}

/** An expected fault is one line for the operator, without a stack and without a secret. */
const giveUp = (error: unknown): never => {
  process.stderr.write(`vigia: ${redact(error instanceof Error ? error.message : String(error))}\n`)
  process.exit(1)
}

const settings = (() => {
  try {
    return readSettings(process.env)
  } catch (error) {
    return giveUp(error)
  }
})()
const runtime = ManagedRuntime.make(serviceLayer(settings))
const drainMillis = 10_000
let listener: HttpListener["Service"] | null = null
let ending: Promise<never> | null = null

/** The runs that still record, for people: those that did not stop, or that were handed over. */
const recordingNow = (): string =>
  findLivingRuns(settings.recordingDirectory)
    .map(({ cameraId, pid }) => `camera ${cameraId} (pid ${pid})`)
    .join(", ")

/** Ends in order: no new request, then all runs, then the catalog and the database; 10 s at most. */
const drain = async (): Promise<never> => {
  listener?.close()
  setTimeout(() => {
    const left = recordingNow()
    giveUp(`not everything ended within 10 s${left === "" ? "" : `; still recording: ${left}`}`)
  }, drainMillis).unref()
  await runtime.dispose()
  const left = recordingNow()
  return left === "" ? process.exit(0) : giveUp(`these runs did not stop: ${left}`)
}

/**
 * Leaves at once, as a crash would, but with the catalog up to date: the runs go on, the next life adopts them.
 *
 * What is not ended here is what must outlive the service: FFmpeg, the embedded database, the lease.
 */
const handOver = async (): Promise<never> => {
  listener?.close()
  setTimeout(() => process.exit(0), drainMillis).unref()
  if (listener !== null) {
    await runtime.runPromise(
      Effect.gen(function* () {
        yield* (yield* Catalog).flush.pipe(
          Effect.catch((error) => Effect.logWarning(`handing over without the catalog: ${error.message}`)),
        )
        yield* Effect.logInfo(`handed over; recording goes on: ${recordingNow() || "nothing"}`)
      }),
    )
  }
  process.exit(0)
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  // A terminal's Ctrl-C arrives twice under npm: from the terminal and from npm itself.
  process.on(signal, () => {
    ending ??= drain()
    ending.catch(giveUp)
  })
}
process.on("SIGUSR2", () => {
  ending ??= handOver()
  ending.catch(giveUp)
})

/** Ends a start that failed. What records already goes on, as after a crash: the next start takes it over. */
const failStart = async (error: unknown): Promise<never> => {
  setTimeout(() => giveUp(error), drainMillis).unref()
  if (recordingNow() === "") await runtime.dispose()
  return giveUp(error)
}

/** Another service has the directories: this one leaves at once, and leaves it the runs. */
const leaveWhenLost = async (): Promise<void> => {
  try {
    await runtime.runPromise(Effect.flatMap(ServiceLock, ({ lost }) => lost))
  } catch (error) {
    if (ending === null) giveUp(error)
  }
}

try {
  await runtime.context()
  void leaveWhenLost()
  listener = await runtime.runPromise(HttpListener)
  await runtime.runPromise(startCameras(settings.camerasFile))
  // Before, a camera that is not supervised yet would be taken for a removed one.
  await runtime.runPromise(Effect.flatMap(Alerts, ({ begin }) => begin))
  // Before, a change of a camera that is not supervised yet would be forgotten.
  listener.serve(makeApp(runtime).fetch)
  await runtime.runPromise(Effect.logInfo(`listening at ${listener.address}`))
  // Otherwise only an orderly end writes it; it makes the next start twice as fast, which a crash needs most.
  flushCompileCache()
} catch (error) {
  if (ending === null) {
    ending = failStart(error)
    await ending
  }
}
