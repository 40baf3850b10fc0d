import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { resolve } from "node:path"
import { describe, expect, it } from "vitest"

/** Runs the program against a service that gives this answer; answers what it said. */
const runAgainst = async (status: number, answer: unknown, ...programArguments: ReadonlyArray<string>) => {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? String(address?.port) : ""
  const child = spawn(process.execPath, [resolve("src/cleanup/main.ts"), ...programArguments], {
    env: { PATH: process.env["PATH"], HOST: "127.0.0.1", PORT: port },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let text = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += String(part)))
  const [code] = await once(child, "close")
  server.closeAllConnections()
  server.close()
  return { code, text: text.replaceAll(`127.0.0.1:${port}`, "HOST") }
}

describe("`npm run cleanup`", () => {
  it("says why the service refuses", async () => {
    const detail = "The body is not valid"
    const errors = [{ field: "confirm", message: "is given in the query and in the body" }]
    const [refused, other] = await Promise.all([
      runAgainst(400, { detail, errors }),
      runAgainst(502, "Bad gateway"),
    ])
    expect(refused).toEqual({
      code: 1,
      text: `cleanup: the service at http://HOST answers 400: ${detail}\n  confirm: ${errors[0]?.message}\n`,
    })
    expect(other).toEqual({ code: 1, text: "cleanup: the service at http://HOST answers 502\n" })
  })

  it("tells of recordings that a clock made which was ahead", async () => {
    const tally = { files: 2, bytes: 5_000_000, errors: 0, error_list: [] }
    const future = { files: 3, from: "2027-07-15T03:00:00.000Z", to: "2027-07-15T06:00:00.000Z" }
    const passes = [{ ...tally, complete: true, held_back: 0 }]
    expect(await runAgainst(202, { running: null, clock_steps: [], future, passes })).toEqual({
      code: 0,
      text: `deleted 2 recordings, 5.0 MB, 0 errors\n3 end in the future, from ${future.from} to ${future.to}: the clock was ahead; they are kept until it shows so\n`,
    })
  })
})
