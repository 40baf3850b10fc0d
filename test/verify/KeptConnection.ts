import { Agent, get } from "node:http"

export interface TimedAnswer {
  /** From the request to the last byte of the answer. */
  readonly tookMillis: number
  readonly text: string
}

/** One connection to a service that is kept open from request to request. */
export class KeptConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #address: string

  constructor(address: string) {
    this.#address = address
  }

  /** Asks for a path; throws unless the answer is 200. */
  get(path: string): Promise<TimedAnswer> {
    return new Promise((resolve, reject) => {
      const askedAt = performance.now()
      const request = get(`${this.#address}${path}`, { agent: this.#agent }, (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.on("error", reject)
        response.on("end", () => {
          const tookMillis = performance.now() - askedAt
          const text = Buffer.concat(parts).toString()
          if (response.statusCode === 200) resolve({ tookMillis, text })
          else reject(new Error(`GET ${path}: ${response.statusCode} ${text}`))
        })
      })
      request.on("error", reject)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
