import type { CameraHandle } from "./simulator.ts"
import { isNumbered } from "./simulatorMessages.ts"
import type { SimulatorOrder, SimulatorOutcome } from "./simulatorMessages.ts"
import { SimulatorServer } from "./SimulatorServer.ts"

const named = (cameras: ReadonlyArray<CameraHandle>): SimulatorOutcome => ({
  kind: "cameras",
  cameras: cameras.map(({ path, url }) => ({ path, url })),
})

/** Carries out orders; the first must be `start`. */
const orderly = (): ((order: SimulatorOrder) => Promise<SimulatorOutcome>) => {
  let server: SimulatorServer | null = null
  return async (order) => {
    if (order.kind === "start") {
      server = await SimulatorServer.start(order.options)
      return named(server.cameras)
    }
    if (server === null) throw new Error("the simulator has not been started")
    if (order.kind === "addCamera") return named([await server.addCamera(order.options)])
    const camera = server.camera(order.path)
    if (order.kind === "counters") return { kind: "counters", counters: await camera.counters() }
    if (order.kind === "set") await camera.set(order.fault)
    else await camera.clear(order.condition ?? undefined)
    return { kind: "done" }
  }
}

const obey = orderly()

process.on("message", (message) => {
  if (!isNumbered<SimulatorOrder>(message)) return
  const { number, content } = message
  const answer = (outcome: SimulatorOutcome): void => {
    process.send?.({ number, content: outcome })
  }
  obey(content).then(answer, (error: unknown) =>
    answer({ kind: "failed", reason: error instanceof Error ? error.message : String(error) }),
  )
})

process.on("disconnect", () => process.exit(0))

// Ctrl-C in a terminal reaches the whole process group; when to stop is the parent's decision.
process.on("SIGINT", () => undefined)
