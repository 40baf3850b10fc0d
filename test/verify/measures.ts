import { measureAccounting } from "./accounting.ts"
import { costVerdicts } from "./costVerdicts.ts"
import { measureCrash } from "./crash.ts"
import { measureIndependentServer } from "./independentServer.ts"
import { measureIsolation } from "./isolation.ts"
import { measureStorm } from "./storm.ts"
import { measureTime } from "./time.ts"
import type { TrialGround } from "./Trial.ts"
import type { Verdict } from "./verdict.ts"

/** A measure at its full size. */
export type FullMeasure = (ground: TrialGround) => Promise<ReadonlyArray<Verdict>>

/** All measures by name, in the order in which they run; the tests run the same code at smaller sizes. */
export const fullMeasures: Readonly<Record<string, FullMeasure>> = {
  crash: (ground) =>
    measureCrash({
      ...ground,
      seed: 1,
      ordinary: { cameras: 6, kills: 20 },
      lowBitrate: { cameras: 4, kills: 10 },
    }),
  isolation: (ground) => measureIsolation({ ...ground, seed: 1, healthy: 10, seconds: 120 }),
  no_storm: (ground) => measureStorm({ ...ground, seed: 1, cameras: 50, downSeconds: 30 }),
  time: () => measureTime({ seed: 1, seconds: 60, rounds: 1 }),
  independent_server: (ground) => measureIndependentServer({ ...ground, seconds: 60 }),
  cost: () => costVerdicts({ cameras: 25, seconds: 60, warmupSeconds: 30, video: "h264-1080p" }),
  accounting: (ground) => measureAccounting({ ...ground, seed: 1, cameras: 6, seconds: 600 }),
}
