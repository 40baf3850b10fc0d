import { type ServerType, serve } from "@hono/node-server"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { makeApp } from "./api/app.ts"
import { readSettings } from "./config/Settings.ts"
import { redact } from "./logging/redact.ts"
import { serviceLayer } from "./service.ts"
import { startCameras } from "./supervision/startCameras.ts"

if (process.argv.includes("--help")) {
  process.stdout.write(
    "usage: npm start\nRecords cameras and serves the HTTP API. Settings: the environment, see README.md.\n",
  )
  process.exit(0)
}

/** An expected fault of the start is one line for the operator, without a stack and without a secret. */
const giveUp = (error: unknown): never => {
  process.stderr.write(`vigia: ${redact(error instanceof Error ? error.message : String(error))}\n`)
  process.exit(1)
}

const settings = (() => {
  try {
    return readSettings(process.env)
  } catch (error) {
    return giveUp(error)
  }
})()
const runtime = ManagedRuntime.make(serviceLayer(settings))

const listen = (): Promise<ServerType> =>
  new Promise((resolve, reject) => {
    const server = serve(
      { fetch: makeApp(runtime).fetch, hostname: settings.host, port: settings.port },
      () => resolve(server),
    )
    server.once("error", reject)
  })

const addressOf = (server: ServerType): string => {
  const address = server.address()
  if (address === null || typeof address === "string") return String(address)
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`
}

/** Ends in order: no new request, then all runs, then the catalog and the database; 10 s at most. */
const drain = async (server: ServerType): Promise<never> => {
  server.close()
  setTimeout(() => giveUp("not everything ended within 10 s"), 10_000).unref()
  await runtime.dispose()
  process.exit(0)
}

try {
  await runtime.context()
  const server = await listen()
  let drained: Promise<never> | null = null
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // A terminal's Ctrl-C arrives twice under npm: from the terminal and from npm itself.
    process.on(signal, () => {
      drained ??= drain(server)
      drained.catch(giveUp)
    })
  }
  await runtime.runPromise(startCameras(settings.camerasFile))
  await runtime.runPromise(Effect.logInfo(`listening at ${addressOf(server)}`))
} catch (error) {
  await runtime.dispose()
  giveUp(error)
}
