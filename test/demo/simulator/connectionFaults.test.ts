import { connect } from "node:net"
import { once } from "node:events"
import { performance } from "node:perf_hooks"
import { describe, expect, it } from "vitest"
import { connected, playing, startSimulator } from "./simulatorFixture.ts"

const connectionOutcome = async (url: string): Promise<string> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, "connect")
    return "connected"
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error)
  } finally {
    socket.destroy()
  }
}

describe("faults of a connection", () => {
  it("refuses on its own port and is back on the same one; other cameras never notice", async () => {
    const server = await startSimulator([{ path: "cam", port: 0 }, { path: "other" }])
    const camera = server.camera("cam")
    const client = await playing(camera.url)
    const other = await playing(server.camera("other").url)
    await client.untilFrames(1)
    await camera.set({ kind: "refuse" })
    expect(await client.ended).toBe("reset")
    expect(await connectionOutcome(camera.url)).toBe("ECONNREFUSED")
    await camera.clear("refuse")
    expect(await connectionOutcome(camera.url)).toBe("connected")
    await other.untilFrames(10)
    const numbers = other.stamps().map(({ sequence }) => sequence)
    expect((numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1).toBe(numbers.length)
  })

  it("drops by FIN and by RST", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    for (const [kind, end] of [
      ["dropFin", "fin"],
      ["dropReset", "reset"],
    ] as const) {
      const client = await playing(camera.url)
      await client.untilFrames(1)
      await camera.set({ kind })
      expect(await client.ended).toBe(end)
    }
    const { sessions } = await camera.counters()
    expect(sessions.map(({ endedAtMillis }) => endedAtMillis === null)).toEqual([false, false])
  })

  it("is silent to newcomers, hangs for all, and answers again", async () => {
    const server = await startSimulator([{ path: "cam", port: 0 }])
    const camera = server.camera("cam")
    const player = await playing(camera.url)
    await camera.set({ kind: "silent" })
    const newcomer = await connected(camera.url)
    let answers = 0
    void newcomer.ask("OPTIONS").then(() => (answers += 1))
    expect((await player.ask("GET_PARAMETER")).statusCode).toBe(200)
    await player.untilFrames(5)
    await camera.set({ kind: "hang" })
    void player.ask("GET_PARAMETER").then(() => (answers += 1))
    const numberAtHang = (await camera.counters()).lastSequence
    while ((await camera.counters()).lastSequence < numberAtHang + 10) await nextTurn()
    const framesAtHang = player.stamps().length
    expect(player.stamps().at(-1)?.sequence).toBeLessThanOrEqual(numberAtHang)
    expect(answers).toBe(0)
    await camera.clear()
    await player.untilFrames(1)
    expect(player.stamps()[framesAtHang]?.sequence).toBeGreaterThan(numberAtHang + 9)
    expect((await (await connected(camera.url)).ask("OPTIONS")).statusCode).toBe(200)
  })

  it("answers with a status, a slow or a broken description, or like a web server", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    const client = await connected(camera.url)
    for (const statusCode of [403, 404, 454, 503]) {
      await camera.set({ kind: "status", statusCode })
      expect((await client.ask("DESCRIBE")).statusCode).toBe(statusCode)
      expect((await client.ask("OPTIONS")).statusCode).toBe(200)
    }
    await camera.clear()
    await camera.set({ kind: "slowDescribe", delayMillis: 150 })
    const askedAt = performance.now()
    expect((await client.ask("DESCRIBE")).statusCode).toBe(200)
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(148)
    await camera.clear()
    await camera.set({ kind: "brokenSdp" })
    expect((await client.ask("DESCRIBE")).text).not.toContain("H264")
    await camera.set({ kind: "httpServer" })
    expect((await client.ask("DESCRIBE")).text).toMatch(/^HTTP\/1\.1 400 /u)
    expect(await client.ended).toBe("fin")
  })

  it("reboots: refuses meanwhile, returns with other numbers while frame numbers go on", async () => {
    const server = await startSimulator([{ path: "cam", port: 0 }])
    const camera = server.camera("cam")
    const before = await playing(camera.url)
    await before.untilFrames(1)
    const { lastSequence } = await camera.counters()
    await camera.set({ kind: "reboot", downMillis: 1000 })
    expect(await before.ended).toBe("reset")
    expect(await connectionOutcome(camera.url)).toBe("ECONNREFUSED")
    while ((await connectionOutcome(camera.url)) !== "connected") await nextTurn()
    const after = await playing(camera.url)
    await after.untilFrames(1)
    expect(after.packets[0]?.ssrc).not.toBe(before.packets[0]?.ssrc)
    expect(after.stamps()[0]?.sequence).toBeGreaterThan(lastSequence)
    expect(after.stamps()[0]?.sequence).toBeLessThanOrEqual((await camera.counters()).lastSequence)
  })
})

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
