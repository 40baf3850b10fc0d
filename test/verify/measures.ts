import { measureAccounting } from "./accounting.ts"
import { measureAdoption } from "./adoption.ts"
import { measureCleanup } from "./cleanup.ts"
import { measureClips } from "./clips.ts"
import { costVerdicts } from "./costVerdicts.ts"
import { measureCrash } from "./crash.ts"
import { measureDatabaseAway } from "./databaseAway.ts"
import { measureDatabaseKilled } from "./databaseKilled.ts"
import { measureFrameLoss } from "./frameLoss.ts"
import { measureHealthCost } from "./healthCost.ts"
import { measureIndependentServer } from "./independentServer.ts"
import { measureIsolation } from "./isolation.ts"
import { measureListing } from "./listing.ts"
import { measureMetricsCost } from "./metricsCost.ts"
import { measurePowerCut } from "./powerCut.ts"
import { measureRepair } from "./repair.ts"
import { measureStorm } from "./storm.ts"
import { measureSyncCost } from "./syncCost.ts"
import { measureTime } from "./time.ts"
import { measureTotalCrash } from "./totalCrash.ts"
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
  adoption: (ground) =>
    measureAdoption({
      ...ground,
      seed: 1,
      cameras: 10,
      kills: 10,
      handovers: 5,
      upgrades: 3,
      upSeconds: 5,
      downSeconds: 20,
    }),
  total_crash: (ground) => measureTotalCrash({ ...ground, seed: 1, cameras: 5, rounds: 10, downSeconds: 5 }),
  power_cut: async (ground) => [
    ...(await measurePowerCut({
      ...ground,
      seed: 1,
      cameras: 4,
      cuts: 20,
      pauseSeconds: 16,
      segmentSeconds: 60,
      syncIntervalSeconds: 5,
    })),
    ...(await measureSyncCost({
      ...ground,
      cameras: 10,
      seconds: 60,
      warmupSeconds: 20,
      syncIntervalSeconds: 5,
    })),
  ],
  repair: (ground) =>
    measureRepair({ ...ground, cameras: 12, days: 365, hours: 24, rounds: 7, startSeconds: 0 }),
  cleanup: (ground) =>
    measureCleanup({
      ...ground,
      seed: 1,
      recording: 5,
      cameras: 12,
      days: 348,
      hours: 24,
      onLoopDisk: true,
      startsApart: false,
      rounds: 1,
      leastRate: 0.5,
      mostBlockedMillis: 50,
    }),
  clips: (ground) => measureClips({ ...ground, segmentSeconds: 3600, clipSeconds: 60, rounds: 12 }),
  listing: async (ground) => [
    ...(await measureListing({
      ...ground,
      name: "listing",
      cameras: 40,
      days: 1042,
      filesPerDay: 24,
      requests: 1000,
      warmups: 20,
      mostMillis: 10,
      mostStartSeconds: 2,
    })),
    ...(await measureListing({
      ...ground,
      name: "listing_minutes",
      cameras: 40,
      days: 18,
      filesPerDay: 1440,
      requests: 1000,
      warmups: 20,
      mostMillis: 10,
      mostStartSeconds: 2,
    })),
  ],
  frame_loss: (ground) =>
    measureFrameLoss({
      ...ground,
      seed: 1,
      shares: [0, 0.001, 0.01, 0.05],
      frames: 6000,
      segmentSeconds: 60,
      kills: 3,
    }),
  // On servers of their own, which are stopped and killed.
  database_away: async () => [
    ...(await measureDatabaseAway({ seed: 1, cameras: 3, awaySeconds: 60, how: "stopped" })),
    ...(await measureDatabaseAway({ seed: 1, cameras: 3, awaySeconds: 60, how: "frozen" })),
    ...(await measureDatabaseKilled({ seed: 1, kills: 10 })),
  ],
  isolation: (ground) => measureIsolation({ ...ground, seed: 1, healthy: 10, seconds: 120 }),
  no_storm: (ground) => measureStorm({ ...ground, seed: 1, cameras: 50, downSeconds: 30 }),
  time: () => measureTime({ seed: 1, seconds: 60, rounds: 1 }),
  independent_server: (ground) => measureIndependentServer({ ...ground, seconds: 60 }),
  cost: () => costVerdicts({ cameras: 25, seconds: 60, warmupSeconds: 30, video: "h264-1080p" }),
  health_cost: (ground) => measureHealthCost({ ...ground, cameras: 50, factor: 20, seconds: 1800, days: 30 }),
  metrics_cost: () =>
    measureMetricsCost({ cameras: 50, scrapes: 1000, warmups: 50, mostMillis: 20, mostCpuMillis: 20 }),
  accounting: (ground) => measureAccounting({ ...ground, seed: 1, cameras: 6, seconds: 600 }),
}
