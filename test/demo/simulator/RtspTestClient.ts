import { connect } from "node:net"
import type { Socket } from "node:net"
import { once } from "node:events"
import { readStamp } from "../../../src/demo/simulator/frameStamp.ts"
import type { FrameStamp, VideoCodec } from "../../../src/demo/simulator/frameStamp.ts"

/** An RTP packet as it came over an interleaved connection. */
export interface ReceivedPacket {
  readonly channel: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc: number
  readonly marker: boolean
  readonly payload: Buffer
}

export interface ReceivedAnswer {
  readonly statusCode: number
  readonly text: string
  readonly header: (name: string) => string | null
}

/** How the connection came to its end, from the client's point of view. */
export type ConnectionEnd = "fin" | "reset"

/** An RTSP client of our own, so that the simulator can be asked exactly and looked at packet by packet. */
export class RtspTestClient {
  readonly packets: Array<ReceivedPacket> = []
  readonly ended: Promise<ConnectionEnd>
  readonly #socket: Socket
  readonly #url: string
  #unread: Buffer = Buffer.alloc(0)
  #answers: Array<(answer: ReceivedAnswer) => void> = []
  #watchers: Array<() => void> = []
  #cseq = 0

  private constructor(socket: Socket, url: string) {
    this.#socket = socket
    this.#url = url
    this.ended = new Promise((resolve) => {
      socket.on("error", () => resolve("reset"))
      socket.on("close", () => resolve("fin"))
    })
    socket.on("data", (bytes) => this.#read(bytes))
  }

  static async open(url: string): Promise<RtspTestClient> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, "connect")
    return new RtspTestClient(socket, url)
  }

  /** Connects and plays every track of the camera, interleaved. */
  static async play(url: string, tracks = 1): Promise<RtspTestClient> {
    const client = await RtspTestClient.open(url)
    await client.ask("DESCRIBE")
    let session = ""
    for (let track = 0; track < tracks; track += 1) {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${track * 2}-${track * 2 + 1}`
      const answer = await client.ask("SETUP", { Transport: transport }, `${url}/trackID=${track}`)
      session = answer.header("session") ?? ""
    }
    await client.ask("PLAY", { Session: session })
    return client
  }

  ask(method: string, headers: Record<string, string> = {}, url = this.#url): Promise<ReceivedAnswer> {
    this.#cseq += 1
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    this.#socket.write(`${method} ${url} RTSP/1.0\r\nCSeq: ${this.#cseq}\r\n${lines.join("")}\r\n`)
    return new Promise((resolve) => this.#answers.push(resolve))
  }

  /** Resolves once `isMet` holds, asked after every packet. */
  until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isMet()) return
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look)
        resolve()
      }
      this.#watchers.push(look)
      look()
    })
  }

  /** The packets of video, or of audio. */
  packetsOn(channel: number): Array<ReceivedPacket> {
    return this.packets.filter((packet) => packet.channel === channel)
  }

  /** The stamps that have arrived as whole packets. */
  stamps(codec: VideoCodec = "h264"): Array<FrameStamp> {
    return this.packetsOn(0).flatMap(({ payload }) => readStamp(payload, codec) ?? [])
  }

  /** Resolves once so many more frames have arrived. */
  async untilFrames(count: number, codec: VideoCodec = "h264"): Promise<void> {
    const wanted = this.stamps(codec).length + count
    await this.until(() => this.stamps(codec).length >= wanted)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes])
    while (this.#readPacket() || this.#readAnswer());
    for (const watcher of this.#watchers) watcher()
  }

  #readPacket(): boolean {
    const unread = this.#unread
    if (unread.length < 4 || unread.readUInt8(0) !== 0x24) return false
    const end = 4 + unread.readUInt16BE(2)
    if (unread.length < end) return false
    this.#unread = unread.subarray(end)
    const channel = unread.readUInt8(1)
    if (channel % 2 === 1) return true
    this.packets.push({
      channel,
      sequence: unread.readUInt16BE(6),
      timestamp: unread.readUInt32BE(8),
      ssrc: unread.readUInt32BE(12),
      marker: (unread.readUInt8(5) & 0x80) !== 0,
      payload: unread.subarray(16, end),
    })
    return true
  }

  #readAnswer(): boolean {
    const headEnd = this.#unread.indexOf("\r\n\r\n")
    if (headEnd < 0 || this.#unread.readUInt8(0) === 0x24) return false
    const head = this.#unread.toString("latin1", 0, headEnd)
    const header = (name: string): string | null =>
      new RegExp(`^${name}: *(.*)$`, "imu").exec(head)?.[1]?.trim() ?? null
    const end = headEnd + 4 + Number(header("content-length") ?? 0)
    if (this.#unread.length < end) return false
    const text = this.#unread.toString("latin1", 0, end)
    this.#unread = this.#unread.subarray(end)
    this.#answers.shift()?.({ statusCode: Number(text.split(" ")[1]), text, header })
    return true
  }
}
