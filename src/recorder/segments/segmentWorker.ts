import { parentPort, workerData } from "node:worker_threads"
import { ReadBuffer } from "./ReadBuffer.ts"
import { repairRun } from "./repairRun.ts"
import type { RunReport } from "./runReport.ts"
import { RunWatcher } from "./RunWatcher.ts"
import { systemWatchClock } from "./systemWatchClock.ts"
import type { WatchedRunInput } from "./WatchedRun.ts"
import type { WatcherCommand, WatcherEvent } from "./watcherMessages.ts"

// The one thread that touches the segments of all runs. It imports no library: it must start at once
// and stay small, and a disk that hangs may hang it alone.
if (parentPort === null) throw new Error("segmentWorker.ts runs in a worker thread only")
const port = parentPort
const pollMillis = Number(workerData)

let offsetMillis = 0
const clock = systemWatchClock(() => offsetMillis)
const buffer = new ReadBuffer()
const watchers = new Map<string, RunWatcher>()
let timer: NodeJS.Timeout | null = null

const tell = (event: WatcherEvent): void => port.postMessage(event)

const tick = (): void => {
  const reports: Array<RunReport> = []
  for (const watcher of watchers.values()) {
    const report = watcher.poll()
    if (report !== null) reports.push(report)
  }
  if (reports.length > 0) tell({ type: "runs.changed", reports })
}

/** One timer for all runs; slower once each run has its first fragment, for the times come from the files. */
const keepTime = (): void => {
  if (watchers.size === 0 && timer !== null) {
    clearTimeout(timer)
    timer = null
  }
  if (watchers.size === 0 || timer !== null) return
  const isAwaitingFirst = [...watchers.values()].some((watcher) => watcher.isAwaitingFirst)
  timer = setTimeout(
    () => {
      timer = null
      tick()
      keepTime()
    },
    isAwaitingFirst ? pollMillis : 2 * pollMillis,
  )
}

const watcherOf = (run: WatchedRunInput): RunWatcher => {
  const watcher = watchers.get(run.runId) ?? new RunWatcher(run, clock, buffer)
  watchers.set(run.runId, watcher)
  return watcher
}

const obey = (command: WatcherCommand): void => {
  switch (command.type) {
    case "watch":
      watcherOf(command.run)
      break
    case "takeUp":
      tell({ type: "run.taken_up", report: watcherOf(command.run).takeUp() })
      break
    case "finish": {
      const watcher = watchers.get(command.runId)
      watchers.delete(command.runId)
      if (watcher !== undefined) tell({ type: "run.finished", report: watcher.finish() })
      break
    }
    case "repair":
      tell({ type: "run.repaired", report: repairRun(command.run, clock, buffer) })
      break
    case "setClockOffset":
      offsetMillis = command.offsetMillis
      break
    case "close":
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
      port.close()
      break
  }
  keepTime()
}

port.on("message", obey)
