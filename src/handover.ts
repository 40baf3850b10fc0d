import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readSettings, type Settings } from "./config/Settings.ts"
import { describeService, isHere, livesHere, readHolder, recordingsHolderPath } from "./guard/holder.ts"
import { processGone } from "./recorder/endProcess.ts"
import { findLivingRuns } from "./recorder/livingRuns.ts"
import { signalProcess } from "./recorder/processes.ts"

class HandoverImpossible extends Schema.TaggedError<HandoverImpossible>()("HandoverImpossible", {
  message: Schema.String,
}) {}

const impossible = (message: string) => Effect.fail(new HandoverImpossible({ message }))

/** The service writes down what it knows before it ends. */
const endTimeout = "15 seconds"

/** Tells the service that holds the recordings to end without its runs; says how it went. */
const handOver = Effect.fnUntraced(function* ({ recordingDirectory }: Settings) {
  const holder = readHolder(recordingsHolderPath(recordingDirectory))
  if (holder === null) return yield* impossible(`no service records into ${recordingDirectory}`)
  const service = describeService(holder)
  if (!isHere(holder)) {
    return yield* impossible(`${recordingDirectory} is in use by ${service}: hand over there`)
  }
  if (!livesHere(holder)) return yield* impossible(`${service}, has ended before`)
  const beganAtMillis = yield* Clock.currentTimeMillis
  yield* Effect.try({
    try: () => signalProcess(holder.service, "SIGUSR2"),
    catch: (error) =>
      new HandoverImpossible({
        message: `cannot signal ${service}: ${error instanceof Error ? error.message : String(error)}`,
      }),
  })
  yield* Effect.timeoutOrElse(processGone(holder.service), {
    duration: endTimeout,
    orElse: () => impossible(`${service}, did not end within ${endTimeout}`),
  })
  const tookSeconds = ((yield* Clock.currentTimeMillis) - beganAtMillis) / 1000
  const runs = findLivingRuns(recordingDirectory).length
  return `handed over in ${tookSeconds.toFixed(1)} s: ${runs} ${runs === 1 ? "run goes" : "runs go"} on recording; start the next version within ${holder.leaseMillis / 1000} s`
})

if (process.argv.includes("--help")) {
  process.stdout.write(
    "usage: npm run handover\n" +
      "Ends the service and leaves its recordings running; `npm start` takes them over, also with another version.\n" +
      "Settings: the environment of the service, see README.md.\n",
  )
  process.exit(0)
}

try {
  const sentence = await Effect.runPromise(handOver(readSettings(process.env)))
  process.stdout.write(`${sentence}\n`)
} catch (error) {
  process.stderr.write(`handover: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
