import { appendFileSync } from "node:fs"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { isMainThread } from "node:worker_threads"

/**
 * Loaded into a process before its program (`NODE_OPTIONS=--import=...`): writes every 0.1 s how long its event loop
 * was blocked at most since, as `<Unix milliseconds> <milliseconds>`, to the file that `EVENT_LOOP_PROBE` names.
 */
const path = process.env["EVENT_LOOP_PROBE"]
const resolutionMillis = 5
const writeMillis = 100

if (isMainThread && path !== undefined && process.argv[1]?.endsWith("/src/main.ts") === true) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMillis })
  delays.enable()
  setInterval(() => {
    const blockedMillis = Math.max(0, delays.max / 1e6 - resolutionMillis)
    delays.reset()
    appendFileSync(path, `${Date.now()} ${blockedMillis.toFixed(1)}\n`)
  }, writeMillis).unref()
}
