import { createServer } from "node:net"

/** The wanted port of the loopback address where it is free, else any free one. */
export const freePort = (wanted: number): Promise<number> =>
  new Promise((found) => {
    const server = createServer()
    server.once("error", () => found(freePort(0)))
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : wanted
      server.close(() => found(port))
    })
  })
