import * as Effect from "effect/Effect"
import { isProcessAlive, type ProcessIdentity, signalProcess } from "./processes.ts"
import type { StopTimes } from "./stopTimes.ts"

/** How often a process that is not our child is looked at: its end must be noticed within a second. */
const lookInterval = "200 millis"

/** Done when the process is gone; for one that is not our child, so that no exit status tells. */
export const processGone = (process_: ProcessIdentity): Effect.Effect<void> =>
  Effect.suspend(() =>
    isProcessAlive(process_) ? Effect.delay(processGone(process_), lookInterval) : Effect.void,
  )

/** Sends TERM, TERM and KILL to a process that is not our child, until it is gone. */
export const endProcess = (process_: ProcessIdentity, times: StopTimes): Effect.Effect<void> => {
  const send = (signal: NodeJS.Signals) => Effect.sync(() => signalProcess(process_, signal))
  const insist = Effect.sleep(times.secondTermAfterMillis).pipe(
    Effect.andThen(send("SIGTERM")),
    Effect.andThen(Effect.sleep(times.killAfterMillis - times.secondTermAfterMillis)),
    Effect.andThen(send("SIGKILL")),
    Effect.andThen(Effect.never),
  )
  return Effect.andThen(send("SIGTERM"), Effect.raceFirst(processGone(process_), insist))
}
