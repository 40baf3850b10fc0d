import { getCompileCacheDir } from "node:module"
import { Worker } from "node:worker_threads"

/** How long a thread that hangs on a disk is waited for when it is ended. */
const closeMillis = 2_000

interface Waiting<Answer> {
  readonly settle: (answer: Answer) => void
  readonly giveUp: (error: Error) => void
}

export interface RequestThreadOptions {
  readonly module: URL
  /** As people know it: also in the error of a thread that ends. */
  readonly name: string
  /** What the module finds as `workerData`. */
  readonly data: unknown
}

/** A thread that answers one request at a time; what it was asked, and whatever comes later, rejects once it has ended. */
export class RequestThread<Request, Answer> {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #waiting: Waiting<Answer> | null = null
  #failure: Error | null = null

  constructor({ module, name, data }: RequestThreadOptions) {
    const cacheDirectory = getCompileCacheDir()
    this.#worker = new Worker(module, {
      name,
      workerData: data,
      // With the compile cache of the process it need not load a compiler for itself (see `SegmentWatcher`).
      env: cacheDirectory === undefined ? {} : { NODE_COMPILE_CACHE: cacheDirectory },
      execArgv: [],
      // What it allocates per file dies at once.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.#worker.on("message", (answer: Answer) => {
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.settle(answer)
    })
    this.#worker.on("error", (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#fail(new Error(`the ${name} thread ended`))
        resolve()
      })
    })
  }

  ask(request: Request): Promise<Answer> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const { promise, resolve: settle, reject: giveUp } = Promise.withResolvers<Answer>()
    this.#waiting = { settle, giveUp }
    this.#worker.postMessage(request, [])
    return promise
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

  #fail(error: Error): void {
    this.#failure ??= error
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.giveUp(this.#failure)
  }
}
