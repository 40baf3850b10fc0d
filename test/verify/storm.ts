import { join } from "node:path"
import { CameraTransitions } from "../service/CameraTransitions.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, rounded } from "./verdict.ts"

export interface StormOptions extends TrialGround {
  readonly seed: number
  readonly cameras: number
  readonly downSeconds: number
}

const healthySpellSeconds = 2
/** Starts that are to be spread are counted in windows of this length. */
const windowMillis = 250

/** The most instants that any window of the length holds. */
const crowd = (instants: ReadonlyArray<number>, lengthMillis: number): number =>
  greatest(instants.map((from) => instants.filter((at) => at >= from && at < from + lengthMillis).length))

const spread = (instants: ReadonlyArray<number>): number => Math.max(...instants) - Math.min(...instants)

/** All cameras lose their server at one instant, and it comes back at one instant: when do they start again? */
export const measureStorm = async (options: StormOptions): Promise<ReadonlyArray<Verdict>> => {
  const names = Array.from({ length: options.cameras }, (_, at) => `cam${at}`)
  const cameras = names.map((path) => ({ path, port: 0 }))
  const environment = { RECORDING_HEALTHY_SPELL: String(healthySpellSeconds) }
  return Trial.run({ ...options, environment, cameras }, async (trial) => {
    const ids: Array<number> = []
    for (const name of names) ids.push(await trial.add(name, trial.simulator.camera(name).url))
    const transitions = new CameraTransitions(join(trial.service.directory, "service-1.log"))
    const lastState = (id: number) => transitions.of(id).at(-1)
    const allRecordFor = (millis: number) => () =>
      ids.every((id) => {
        const last = lastState(id)
        return last?.to === "recording" && Date.now() - last.atMillis > millis
      })
    await awaitFact("all cameras are healthy", allRecordFor(healthySpellSeconds * 1000 + 2000), 90_000)
    const downAtMillis = Date.now()
    const downMillis = options.downSeconds * 1000
    await Promise.all(names.map((name) => trial.simulator.camera(name).set({ kind: "reboot", downMillis })))
    await awaitFact(
      "all cameras record again",
      () =>
        ids.every(
          (id) =>
            lastState(id)?.to === "recording" && (lastState(id)?.atMillis ?? 0) > downAtMillis + downMillis,
        ),
      downMillis + 60_000,
    )
    const starts = ids.map((id) =>
      transitions
        .of(id)
        .filter(({ to, atMillis }) => to === "connecting" && atMillis >= downAtMillis)
        .map(({ atMillis }) => atMillis),
    )
    const upAtMillis = downAtMillis + downMillis
    const first = starts.flatMap((own) => own.slice(0, 1))
    // The start that reached the camera is the last one of each.
    const back = starts.flatMap((own) => own.slice(-1))
    const whileDown = starts.map((own) => own.filter((at) => at < upAtMillis).length)
    return [
      {
        name: "no_storm.staggered",
        figures: {
          cameras: ids.length,
          down_seconds: options.downSeconds,
          first_retries_spread_seconds: rounded(spread(first) / 1000),
          returns_spread_seconds: rounded(spread(back) / 1000),
          most_returns_in_250_ms: crowd(back, windowMillis),
          last_return_after_seconds: rounded((Math.max(...back) - upAtMillis) / 1000),
          most_starts_while_down: greatest(whileDown),
        },
        target:
          "starts after the return lie more than 0.6 s apart, at most 60 % of them in any 250 ms; at most 6 starts of a camera while down",
        met:
          back.length === ids.length &&
          spread(back) > 600 &&
          crowd(back, windowMillis) <= 0.6 * ids.length &&
          greatest(whileDown) <= 6,
      },
    ]
  })
}
