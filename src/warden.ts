import { realpathSync, existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { livesHere, readHolder, recordingsHolderPath, removeHolder, stateHolderPath } from "./guard/holder.ts"
import { endProcess } from "./recorder/endProcess.ts"
import { findLivingRuns, type LivingRun } from "./recorder/livingRuns.ts"
import { defaultStopTimes } from "./recorder/stopTimes.ts"
import { readPostmaster } from "./storage/embedded/postmaster.ts"
import { stopServer } from "./storage/embedded/stopServer.ts"

const { values: options } = parseArgs({
  options: {
    "recording-directory": { type: "string", default: "" },
    "state-directory": { type: "string", default: "" },
    "held-elsewhere": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})
const recordingDirectory = options["recording-directory"]
const stateDirectory = options["state-directory"]
if (options.help || recordingDirectory === "" || stateDirectory === "") {
  process.stdout.write(
    "usage: node src/warden.ts --recording-directory PATH --state-directory PATH [--held-elsewhere]\n" +
      "Ends what a service left that did not come back: its runs on this machine, and its database.\n" +
      "Started by src/guard/guard.sh when the lease is over, which holds the locks meanwhile.\n" +
      "--held-elsewhere: another service has the locks; leaves the database, and all where that service is here.\n",
  )
  process.exit(options.help ? 0 : 1)
}

const say = Effect.fnUntraced(function* (sentence: string) {
  const at = new Date(yield* Clock.currentTimeMillis).toISOString()
  yield* Effect.sync(() => process.stderr.write(`${at} ${sentence}\n`))
})

const endRun = Effect.fnUntraced(function* (run: LivingRun) {
  // Never its arguments: they hold the camera's password.
  const name = `camera ${run.cameraId}, pid ${run.pid}`
  yield* say(`${name}: its service did not come back, ending the run`)
  yield* endProcess(run, defaultStopTimes)
  yield* say(`${name}: ended`)
})

/** Neither starts nor makes anything: a service that uses another PostgreSQL has no such directory. */
const stopDatabase = Effect.gen(function* () {
  const directory = join(stateDirectory, "postgres")
  if (!existsSync(directory)) return
  const dataDirectory = realpathSync(directory)
  const server = readPostmaster(dataDirectory)
  if (server === undefined) return
  yield* stopServer(dataDirectory, undefined, server.socketDirectory)
  yield* say(`PostgreSQL, pid ${server.pid}: ended`)
})

const endAll = Effect.gen(function* () {
  const holderPaths = [recordingsHolderPath(recordingDirectory), stateHolderPath(stateDirectory)]
  if (options["held-elsewhere"]) {
    // Either may be out of date: on a full disk it cannot be written.
    const holders = holderPaths.map(readHolder)
    if (holders.some((holder) => holder !== null && livesHere(holder))) return
  }
  yield* Effect.forEach(findLivingRuns(recordingDirectory), endRun, {
    concurrency: "unbounded",
    discard: true,
  })
  if (options["held-elsewhere"]) return
  yield* stopDatabase
  yield* Effect.sync(() => holderPaths.forEach(removeHolder))
})

await Effect.runPromise(endAll)
