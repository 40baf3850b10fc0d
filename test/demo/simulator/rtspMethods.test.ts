import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { connected, playing, startSimulator } from "./simulatorFixture.ts"

const digest = (text: string): string => createHash("md5").update(text).digest("hex")

const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` })

describe("the simulated camera as an RTSP server", () => {
  it("answers OPTIONS, DESCRIBE, unknown paths, methods and transports", async () => {
    const server = await startSimulator([{ path: "cam", audio: "pcma" }])
    const { url } = server.camera("cam")
    const client = await connected(url)
    expect((await client.ask("OPTIONS")).header("public")).toContain("DESCRIBE")
    const described = await client.ask("DESCRIBE")
    expect(described.header("content-type")).toBe("application/sdp")
    expect(described.text).toMatch(/H264\/90000[\s\S]*sprop-parameter-sets=[\s\S]*PCMA\/8000/u)
    expect((await client.ask("RECORD")).statusCode).toBe(501)
    expect((await client.ask("DESCRIBE", {}, `${url}-other`)).statusCode).toBe(404)
    expect(
      (await client.ask("SETUP", { Transport: "RTP/AVP;multicast" }, `${url}/trackID=0`)).statusCode,
    ).toBe(461)
    expect((await client.ask("SETUP", {}, `${url}/trackID=2`)).statusCode).toBe(404)
    expect((await client.ask("PLAY", { Session: "12345" })).statusCode).toBe(454)
    expect((await client.ask("PLAY")).statusCode).toBe(454)
  })

  it("serves several clients of one camera at once, on the channels they ask for", async () => {
    const server = await startSimulator([{ path: "cam", audio: "pcmu" }])
    const { url } = server.camera("cam")
    const [first, second] = await Promise.all([playing(url, 2), playing(url, 2)])
    const third = await connected(url)
    const answer = await third.ask(
      "SETUP",
      { Transport: "RTP/AVP/TCP;unicast;interleaved=8-9" },
      `${url}/trackID=1`,
    )
    await third.ask("PLAY", { Session: answer.header("session") ?? "" })
    await Promise.all([first.untilFrames(30), second.untilFrames(30)])
    await third.until(() => third.packetsOn(8).length > 10)
    expect(third.packets.every(({ channel }) => channel === 8)).toBe(true)
    expect(first.packetsOn(2).length).toBeGreaterThan(10)
    const shared = first
      .stamps()
      .filter((stamp) => second.stamps().some((other) => other.sequence === stamp.sequence))
    expect(shared.length).toBeGreaterThan(20)
    expect((await server.camera("cam").counters()).plays).toBe(3)
  })

  it("asks for digest credentials, with and without qop, and refuses wrong ones", async () => {
    const credentials = { scheme: "digest", username: "admin", password: "secret" } as const
    const server = await startSimulator([{ path: "cam", credentials }])
    const { url } = server.camera("cam")
    const client = await connected(url)
    const refused = await client.ask("DESCRIBE")
    expect(refused.statusCode).toBe(401)
    const [, realm = "", nonce = ""] =
      /realm="(.*)", nonce="(.*)"/u.exec(refused.header("www-authenticate") ?? "") ?? []
    const authorization = (password: string, qop: boolean): string => {
      const middle = qop ? `${nonce}:00000001:abc:auth` : nonce
      const response = digest(
        `${digest(`admin:${realm}:${password}`)}:${middle}:${digest(`DESCRIBE:${url}`)}`,
      )
      const extra = qop ? `, qop=auth, nc=00000001, cnonce="abc"` : ""
      return `Digest username="admin", realm="${realm}", nonce="${nonce}", uri="${url}", response="${response}"${extra}`
    }
    expect((await client.ask("DESCRIBE", { Authorization: authorization("secret", false) })).statusCode).toBe(
      200,
    )
    expect((await client.ask("DESCRIBE", { Authorization: authorization("secret", true) })).statusCode).toBe(
      200,
    )
    expect((await client.ask("DESCRIBE", { Authorization: authorization("wrong", false) })).statusCode).toBe(
      401,
    )
    expect((await server.camera("cam").counters()).describes).toBe(2)
  })

  it("asks for basic credentials", async () => {
    const credentials = { scheme: "basic", username: "admin", password: "se:cret" } as const
    const server = await startSimulator([{ path: "cam", credentials }])
    const client = await connected(server.camera("cam").url)
    expect((await client.ask("DESCRIBE")).header("www-authenticate")).toMatch(/^Basic realm=/u)
    expect((await client.ask("DESCRIBE", basic("admin:wrong"))).statusCode).toBe(401)
    await server.camera("cam").clear()
    expect((await client.ask("DESCRIBE")).statusCode).toBe(401)
    expect((await client.ask("DESCRIBE", basic("admin:se:cret"))).statusCode).toBe(200)
  })
})
