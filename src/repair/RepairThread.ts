import { RequestThread } from "../threads/RequestThread.ts"
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

/**
 * The thread that looks at the disk for one pass: one question at a time.
 *
 * Every method rejects when the thread fails, which it does where the recordings directory cannot be read.
 */
export class RepairThread {
  readonly #thread: RequestThread<RepairRequest, RepairAnswer>

  constructor(recordingsDirectory: string) {
    this.#thread = new RequestThread({
      module: new URL("repairWorker.ts", import.meta.url),
      name: "repair",
      data: recordingsDirectory,
    })
  }

  async root(request: RootRequest): Promise<RootListing> {
    const answer = await this.#thread.ask(request)
    if (answer.type !== "root") throw unexpected(answer)
    return answer
  }

  async list(request: ListRequest): Promise<ListAnswer> {
    const answer = await this.#thread.ask(request)
    if (answer.type !== "listed") throw unexpected(answer)
    return answer
  }

  /** Holds the camera that was listed last against its rows; goes on with `more` until there is an end. */
  async compare(request: CompareRequest | { readonly type: "more" }): Promise<CompareAnswer> {
    const answer = await this.#thread.ask(request)
    if (answer.type !== "compared") throw unexpected(answer)
    return answer
  }

  async confirm(paths: ReadonlyArray<string>): Promise<ConfirmAnswer> {
    const answer = await this.#thread.ask({ type: "confirm", paths })
    if (answer.type !== "confirmed") throw unexpected(answer)
    return answer
  }

  /** Ends the thread, whatever it does. */
  close(): Promise<void> {
    return this.#thread.close()
  }
}

const unexpected = ({ type }: RepairAnswer): Error => new Error(`unexpected answer ${type}`)
