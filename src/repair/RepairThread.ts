import { getCompileCacheDir } from "node:module"
import { Worker } from "node:worker_threads"
import type {
  CompareAnswer,
  CompareRequest,
  ConfirmAnswer,
  ListAnswer,
  ListRequest,
  RepairAnswer,
  RepairRequest,
  RootListing,
  RootRequest,
} from "./repairMessages.ts"

/** How long a thread that hangs on a disk is waited for when it is ended. */
const closeMillis = 2_000

interface Waiting {
  readonly settle: (answer: RepairAnswer) => void
  readonly giveUp: (error: Error) => void
}

/**
 * The thread that looks at the disk for one pass: one question at a time.
 *
 * Every method rejects when the thread fails, which it does where the recordings directory cannot be read.
 */
export class RepairThread {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #waiting: Waiting | null = null
  #failure: Error | null = null

  constructor(recordingsDirectory: string) {
    const cacheDirectory = getCompileCacheDir()
    this.#worker = new Worker(new URL("repairWorker.ts", import.meta.url), {
      name: "repair",
      workerData: recordingsDirectory,
      // With the compile cache of the process it need not load a compiler for itself (see `SegmentWatcher`).
      env: cacheDirectory === undefined ? {} : { NODE_COMPILE_CACHE: cacheDirectory },
      execArgv: [],
      // What it allocates per file dies at once.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.#worker.on("message", (answer: RepairAnswer) => {
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.settle(answer)
    })
    this.#worker.on("error", (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#fail(new Error("the thread of the repair ended"))
        resolve()
      })
    })
  }

  async root(request: RootRequest): Promise<RootListing> {
    const answer = await this.#ask(request)
    if (answer.type !== "root") throw unexpected(answer)
    return answer
  }

  async list(request: ListRequest): Promise<ListAnswer> {
    const answer = await this.#ask(request)
    if (answer.type !== "listed") throw unexpected(answer)
    return answer
  }

  /** Holds the camera that was listed last against its rows; goes on with `more` until there is an end. */
  async compare(request: CompareRequest | { readonly type: "more" }): Promise<CompareAnswer> {
    const answer = await this.#ask(request)
    if (answer.type !== "compared") throw unexpected(answer)
    return answer
  }

  async confirm(paths: ReadonlyArray<string>): Promise<ConfirmAnswer> {
    const answer = await this.#ask({ type: "confirm", paths })
    if (answer.type !== "confirmed") throw unexpected(answer)
    return answer
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    void this.#worker.terminate()
    const patience = Promise.withResolvers<void>()
    const deadline = setTimeout(patience.resolve, closeMillis)
    await Promise.race([this.#exited, patience.promise])
    clearTimeout(deadline)
    this.#worker.unref()
  }

  #ask(request: RepairRequest): Promise<RepairAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const { promise, resolve: settle, reject: giveUp } = Promise.withResolvers<RepairAnswer>()
    this.#waiting = { settle, giveUp }
    this.#worker.postMessage(request, [])
    return promise
  }

  #fail(error: Error): void {
    this.#failure ??= error
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.giveUp(this.#failure)
  }
}

const unexpected = ({ type }: RepairAnswer): Error => new Error(`unexpected answer ${type}`)
