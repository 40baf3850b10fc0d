import { createServer } from "node:net"
import type { Server, Socket } from "node:net"
import { once } from "node:events"
import { setTimeout as delay } from "node:timers/promises"
import { freePortCandidates } from "./freePorts.ts"

const reopenAttempts = 100
const reopenPauseMillis = 50

/** A TCP port that can be closed, so that connecting is refused, and opened again under the same number. */
export class PortListener {
  readonly #host: string
  readonly #onConnection: (socket: Socket) => void
  #port: number
  #server: Server | null = null
  #isWanted = true

  private constructor(host: string, port: number, onConnection: (socket: Socket) => void) {
    this.#host = host
    this.#port = port
    this.#onConnection = onConnection
  }

  /** Listens on `port`, or on any free one when it is 0. Fails when the port is taken. */
  static async open(
    host: string,
    port: number,
    onConnection: (socket: Socket) => void,
  ): Promise<PortListener> {
    const listener = new PortListener(host, port, onConnection)
    if (port !== 0) {
      await listener.#listen()
      return listener
    }
    for (const candidate of freePortCandidates()) {
      listener.#port = candidate
      try {
        await listener.#listen()
        return listener
      } catch (error) {
        if (!isAddressInUse(error)) throw error
      }
    }
    throw new Error("no free TCP port")
  }

  get port(): number {
    return this.#port
  }

  /** Stops accepting; present connections stay as they are. */
  close(): void {
    this.#isWanted = false
    this.#server?.close()
    this.#server = null
  }

  /** Listens again; waits up to 5 s for whoever took the port meanwhile. */
  async reopen(): Promise<void> {
    this.#isWanted = true
    for (let attempt = 1; this.#isWanted && this.#server === null; attempt += 1) {
      try {
        await this.#listen()
      } catch (error) {
        if (!isAddressInUse(error) || attempt === reopenAttempts) throw error
        await delay(reopenPauseMillis)
      }
    }
  }

  async #listen(): Promise<void> {
    const server = createServer({ noDelay: true }, this.#onConnection)
    server.listen({ host: this.#host, port: this.#port, backlog: 256 })
    await once(server, "listening")
    if (this.#isWanted) this.#server = server
    else server.close()
  }
}

const isAddressInUse = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE"
