import { fork } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { CameraCounters } from "./counters.ts"
import type { CameraHandle, CameraOptions, Simulator, SimulatorOptions } from "./simulator.ts"
import { isNumbered } from "./simulatorMessages.ts"
import type { SimulatorOrder, SimulatorOutcome } from "./simulatorMessages.ts"

const entryPath = fileURLToPath(new URL("main.ts", import.meta.url))
const stopTimeoutMillis = 3000
const keptErrorCharacters = 4000

interface Waiting {
  readonly resolve: (outcome: SimulatorOutcome) => void
  readonly reject: (error: Error) => void
}

/** Simulated cameras in a process of their own, so that their cost is not that of the caller; it ends with its parent. */
export class SimulatorProcess implements Simulator {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #cameras = new Map<string, CameraHandle>()
  #lastNumber = 0
  #errorText = ""

  private constructor() {
    this.#child = fork(entryPath, [], { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] })
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-keptErrorCharacters)
    })
    this.#child.on("message", (message) => {
      if (isNumbered<SimulatorOutcome>(message)) this.#settle(message.number, message.content)
    })
    this.#child.on("error", (error) => this.#abandon(error))
    this.#child.on("close", (code, signal) =>
      this.#abandon(new Error(`the simulator ended (${signal ?? code}): ${this.#errorText}`)),
    )
  }

  /** Starts the process and its cameras; fails with the child's reason. */
  static async start(options: SimulatorOptions): Promise<SimulatorProcess> {
    const simulator = new SimulatorProcess()
    try {
      await simulator.#addHandles({ kind: "start", options })
      return simulator
    } catch (error) {
      await simulator.stop()
      throw error
    }
  }

  /** Of the child, to read its cost from `/proc`. */
  get pid(): number | null {
    return this.#child.pid ?? null
  }

  get cameras(): ReadonlyArray<CameraHandle> {
    return [...this.#cameras.values()]
  }

  camera(path: string): CameraHandle {
    const camera = this.#cameras.get(path)
    if (camera === undefined) throw new Error(`no simulated camera at path ${path}`)
    return camera
  }

  async addCamera(options: CameraOptions): Promise<CameraHandle> {
    await this.#addHandles({ kind: "addCamera", options })
    return this.camera(options.path)
  }

  /** Ends the process: by closing its channel, by KILL after 3 s. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const exited = once(child, "exit")
    if (child.connected) child.disconnect()
    const killer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMillis)
    await exited
    clearTimeout(killer)
  }

  async #addHandles(order: SimulatorOrder): Promise<void> {
    const outcome = await this.#ask(order)
    if (outcome.kind !== "cameras") throw unexpected(order, outcome)
    for (const { path, url } of outcome.cameras) this.#cameras.set(path, this.#handle(path, url))
  }

  #handle(path: string, url: string): CameraHandle {
    return {
      path,
      url,
      set: async (fault) => {
        await this.#ask({ kind: "set", path, fault })
      },
      clear: async (condition) => {
        await this.#ask({ kind: "clear", path, condition: condition ?? null })
      },
      counters: () => this.#counters(path),
    }
  }

  async #counters(path: string): Promise<CameraCounters> {
    const order: SimulatorOrder = { kind: "counters", path }
    const outcome = await this.#ask(order)
    if (outcome.kind !== "counters") throw unexpected(order, outcome)
    return outcome.counters
  }

  #ask(order: SimulatorOrder): Promise<SimulatorOutcome> {
    this.#lastNumber += 1
    const number = this.#lastNumber
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) {
        reject(new Error(`the simulator has ended: ${this.#errorText}`))
        return
      }
      this.#waiting.set(number, { resolve, reject })
      this.#child.send({ number, content: order })
    })
  }

  #settle(number: number, outcome: SimulatorOutcome): void {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (outcome.kind === "failed") waiting?.reject(new Error(outcome.reason))
    else waiting?.resolve(outcome)
  }

  #abandon(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

const unexpected = (order: SimulatorOrder, outcome: SimulatorOutcome): Error =>
  new Error(`the simulator answered ${order.kind} with ${outcome.kind}`)
