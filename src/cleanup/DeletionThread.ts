import { getCompileCacheDir } from "node:module"
import { Worker } from "node:worker_threads"
import type { DeletionAnswer, DeletionRequest } from "./deletionMessages.ts"

/** How long a thread that hangs on a disk is waited for when it is ended. */
const closeMillis = 2_000

interface Waiting {
  readonly settle: (answer: DeletionAnswer) => void
  readonly giveUp: (error: Error) => void
}

/** The thread that unlinks files: one request at a time. It fails where the recordings directory cannot be read. */
export class DeletionThread {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #waiting: Waiting | null = null
  #failure: Error | null = null

  constructor(recordingsDirectory: string) {
    const cacheDirectory = getCompileCacheDir()
    this.#worker = new Worker(new URL("deletionWorker.ts", import.meta.url), {
      name: "deletion",
      workerData: recordingsDirectory,
      // With the compile cache of the process it need not load a compiler for itself (see `SegmentWatcher`).
      env: cacheDirectory === undefined ? {} : { NODE_COMPILE_CACHE: cacheDirectory },
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.#worker.on("message", (answer: DeletionAnswer) => {
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.settle(answer)
    })
    this.#worker.on("error", (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#fail(new Error("the thread that deletes files ended"))
        resolve()
      })
    })
  }

  unlink(request: DeletionRequest): Promise<DeletionAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const { promise, resolve: settle, reject: giveUp } = Promise.withResolvers<DeletionAnswer>()
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
