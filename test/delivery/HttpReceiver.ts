import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Schema from "effect/Schema"

export interface ReceivedRequest {
  readonly headers: IncomingHttpHeaders
  readonly path: string
  readonly body: string
}

/** Answers a request, or does not. */
export type Reaction = (response: ServerResponse, socket: Socket) => void

export const answers =
  (status: number, headers: Readonly<Record<string, string>> = {}): Reaction =>
  (response) => {
    response.writeHead(status, headers).end()
  }
export const resets: Reaction = (_response, socket) => {
  socket.resetAndDestroy()
}
export const hangs: Reaction = () => {}

const Address = Schema.Struct({ port: Schema.Int })

/** A webhook receiver on a real socket that does what a test wants and notes what it got. */
export class HttpReceiver {
  readonly requests: Array<ReceivedRequest> = []
  /** For the next requests, in order; then `reaction`. */
  readonly script: Array<Reaction> = []
  reaction: Reaction = answers(204)
  openSockets = 0
  readonly port: number
  readonly #server: Server

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
    server.on("connection", (socket) => {
      this.openSockets += 1
      socket.on("close", () => {
        this.openSockets -= 1
      })
    })
    server.on("request", (request, response) => {
      let body = ""
      request.setEncoding("utf8")
      request.on("data", (text: string) => {
        body += text
      })
      request.on("end", () => {
        this.requests.push({ headers: request.headers, path: request.url ?? "", body })
        const react = this.script.shift() ?? this.reaction
        react(response, request.socket)
      })
    })
  }

  static async start(port: number | null): Promise<HttpReceiver> {
    const server = createServer()
    await new Promise<void>((listening) => server.listen(port ?? 0, "127.0.0.1", listening))
    return new HttpReceiver(server, Schema.decodeUnknownSync(Address)(server.address()).port)
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}/hook`
  }

  /** The keys of the requests, in order. */
  get keys(): ReadonlyArray<string> {
    return this.requests.map(({ headers }) => String(headers["idempotency-key"]))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
}
