import type { UnsettledRun } from "./repairRun.ts"
import type { RunReport } from "./runReport.ts"
import type { WatchedRunInput } from "./WatchedRun.ts"

/** What the worker is told. */
export type WatcherCommand =
  | { readonly type: "watch"; readonly run: WatchedRunInput }
  | { readonly type: "takeUp"; readonly run: WatchedRunInput }
  | { readonly type: "finish"; readonly runId: string }
  | { readonly type: "repair"; readonly run: UnsettledRun }
  | { readonly type: "setClockOffset"; readonly offsetMillis: number }
  | { readonly type: "close" }

/** What the worker tells: at most one message each tick, none where nothing is new. */
export type WatcherEvent =
  | { readonly type: "runs.changed"; readonly reports: ReadonlyArray<RunReport> }
  | { readonly type: "run.taken_up"; readonly report: RunReport }
  | { readonly type: "run.finished"; readonly report: RunReport }
  | { readonly type: "run.repaired"; readonly report: RunReport }
