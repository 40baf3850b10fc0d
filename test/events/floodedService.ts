import { monitorEventLoopDelay } from "node:perf_hooks"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { makeApp } from "../../src/api/app.ts"
import { HttpListener } from "../../src/api/HttpListener.ts"
import { readSettings } from "../../src/config/Settings.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { serviceLayer } from "../../src/service.ts"
import { startCameras } from "../../src/supervision/startCameras.ts"

/**
 * The service as `src/main.ts` runs it, in which 1000 events a second are published besides its own.
 *
 * Those are called `clip.ready`, numbered by `clip_id`, and their names hold a password. Says each second what it costs, and at
 * SIGUSR2 what it really keeps, without garbage.
 */
const runtime = ManagedRuntime.make(serviceLayer(readSettings(process.env)))
const journal = await runtime.runPromise(EventJournal)
const listener = await runtime.runPromise(HttpListener)
await runtime.runPromise(startCameras(null))
listener.serve(makeApp(runtime).fetch)
await runtime.runPromise(Effect.logInfo(`listening at ${listener.address}`))

process.on("SIGTERM", () => {
  listener.close()
  void runtime.dispose().then(() => process.exit(0))
})

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
/** Long, so that the kernel's buffers for a client are full after some seconds. */
const name = `rtsp://viewer:fl00d-s3cret@10.0.0.1/stream?token=fl00d-t0ken ${"long ".repeat(40)}`
let published = 0
setInterval(() => {
  for (let at = 0; at < 20; at += 1) {
    published += 1
    journal.publish({
      type: "clip.ready",
      cameraId: 1,
      clipId: String(published),
      name,
    })
  }
}, 20)
setInterval(() => {
  const figures = {
    published,
    residentBytes: process.memoryUsage.rss(),
    delayMillis: { p99: delay.percentile(99) / 1e6, greatest: delay.max / 1e6 },
  }
  delay.reset()
  process.stdout.write(`figures ${JSON.stringify(figures)}\n`)
}, 1000)

setFlagsFromString("--expose-gc")
const collectGarbage: unknown = runInNewContext("gc")
process.on("SIGUSR2", () => {
  if (typeof collectGarbage === "function") collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`kept ${heapUsed + external} bytes\n`)
})
