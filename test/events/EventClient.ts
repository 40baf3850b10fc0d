import { type Socket, connect } from "node:net"

/** One event as a client of server-sent events understands it. */
export interface HeardEvent {
  readonly id: string
  readonly type: string
  readonly data: unknown
  readonly atMillis: number
}

/** Reads server-sent events as a browser does (WHATWG): fields, blocks, the last event id. */
export class EventParser {
  readonly events: Array<HeardEvent> = []
  heartbeats = 0
  retryMillis: number | null = null
  lastEventId = ""
  #rest = ""

  take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n")
    this.#rest = blocks.pop() ?? ""
    for (const block of blocks) this.#block(block)
  }

  #block(block: string): void {
    let data: string | null = null
    let type = "message"
    for (const line of block.split("\n")) {
      const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (field === "") this.heartbeats += 1
      if (field === "id") this.lastEventId = value
      if (field === "event") type = value
      if (field === "retry") this.retryMillis = Number(value)
      if (field === "data") data = data === null ? value : `${data}\n${value}`
    }
    if (data === null) return
    this.events.push({ id: this.lastEventId, type, data: JSON.parse(data), atMillis: Date.now() })
  }
}

/** A client of `/api/events` on a socket of its own, which reads all, slowly, or nothing at all. */
export class EventClient {
  readonly parser = new EventParser()
  readonly socket: Socket
  head = ""
  isClosed = false

  constructor(address: string, path: string, headers: Readonly<Record<string, string>> = {}) {
    const { hostname, port } = new URL(address)
    this.socket = connect({ host: hostname, port: Number(port) })
    this.socket.on("error", () => undefined)
    this.socket.on("close", () => {
      this.isClosed = true
    })
    const lines = Object.entries({ host: hostname, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    // Of HTTP 1.0, so that the answer has no chunks and ends with the connection.
    this.socket.write(`GET ${path} HTTP/1.0\r\n${lines.join("")}\r\n`)
  }

  /** Hears everything as it comes. */
  listen(): this {
    let text = ""
    this.socket.setEncoding("utf8")
    this.socket.on("data", (chunk: string) => {
      if (this.head !== "") return this.parser.take(chunk)
      text += chunk
      const end = text.indexOf("\r\n\r\n")
      if (end < 0) return
      this.head = text.slice(0, end)
      this.parser.take(text.slice(end + 4))
    })
    return this
  }

  /** Takes `bytes` at a time, `pauseMillis` apart. */
  trickle(bytes: number, pauseMillis: number): this {
    const timer = setInterval(() => this.socket.read(bytes), pauseMillis)
    this.socket.on("readable", () => undefined)
    this.socket.on("close", () => clearInterval(timer))
    return this
  }

  close(): void {
    this.socket.destroy()
  }
}
