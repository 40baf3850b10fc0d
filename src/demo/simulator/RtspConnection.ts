import { randomBytes } from "node:crypto"
import type { Socket } from "node:net"
import type { CameraConnection } from "./CameraConnection.ts"
import { answerRequest } from "./rtspMethods.ts"
import { formatAnswer, parseRequest, targetOf } from "./rtspMessage.ts"
import type { RtspAnswer, RtspRequest } from "./rtspMessage.ts"
import { RtspSession } from "./RtspSession.ts"
import type { SimulatedCamera } from "./SimulatedCamera.ts"
import type { SimulatorClock } from "./SimulatorClock.ts"
import type { UdpSender } from "./UdpSender.ts"

const httpPauseMillis = 250
const maximumRequestBytes = 65_536
const httpAnswer =
  "HTTP/1.1 400 Bad Request\r\nServer: simulated\r\nContent-Type: text/html\r\nContent-Length: 15\r\n"
const httpBody = "\r\n<p>No RTSP.</p>"

/** What all connections of a simulator share. */
export interface ConnectionSurroundings {
  readonly udp: UdpSender
  readonly clock: SimulatorClock
  /** The camera of a path, among those that may be asked for on this connection. */
  readonly cameraAt: (path: string) => SimulatedCamera | null
}

/** One TCP connection of a client: reads its requests, answers them, carries its session. */
export class RtspConnection implements CameraConnection {
  readonly #socket: Socket
  readonly #surroundings: ConnectionSurroundings
  readonly #session: RtspSession
  readonly #nonce = randomBytes(16).toString("hex")
  #camera: SimulatedCamera | null
  #unread: Buffer = Buffer.alloc(0)
  #delayedAnswer: NodeJS.Timeout | null = null

  /** `camera` is the owner of the port, or null on the shared port until the first request names one. */
  constructor(socket: Socket, surroundings: ConnectionSurroundings, camera: SimulatedCamera | null) {
    this.#socket = socket
    this.#surroundings = surroundings
    this.#camera = camera
    this.#session = new RtspSession(randomBytes(8).toString("hex"), socket, surroundings.udp)
    camera?.connected(this)
    socket.on("data", (bytes) => this.#read(bytes))
    // A client that goes away without a word is a normal end; `close` follows.
    socket.on("error", () => this.#leave())
    socket.on("close", () => this.#leave())
  }

  end(): void {
    this.#leave()
    this.#socket.destroySoon()
  }

  reset(): void {
    this.#leave()
    this.#socket.resetAndDestroy()
  }

  #leave(): void {
    if (this.#delayedAnswer !== null) clearTimeout(this.#delayedAnswer)
    this.#camera?.players.remove(this.#session, this.#surroundings.clock.wallMillis())
    this.#camera?.disconnected(this)
  }

  #read(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    for (;;) {
      // Interleaved packets from the client are its receiver reports.
      while (this.#unread.length >= 4 && this.#unread.readUInt8(0) === 0x24) {
        const sizeBytes = 4 + this.#unread.readUInt16BE(2)
        if (this.#unread.length < sizeBytes) return
        this.#unread = this.#unread.subarray(sizeBytes)
      }
      const parsed = parseRequest(this.#unread)
      if (parsed === null) break
      this.#unread = this.#unread.subarray(parsed.sizeBytes)
      this.#handle(parsed.request)
    }
    if (this.#unread.length > maximumRequestBytes) this.reset()
  }

  #handle(request: RtspRequest): void {
    const { path } = targetOf(request.url)
    if (this.#camera === null) {
      this.#camera = this.#surroundings.cameraAt(path)
      this.#camera?.connected(this)
    }
    const camera = this.#camera
    const http = camera?.faults.get("httpServer")
    if (http !== undefined) {
      this.#answerAsHttp(http.keepsOpen === true)
      return
    }
    if (request.method.startsWith("RTSP/")) return
    if (camera === null || (path !== camera.path && path !== "*")) {
      this.#write(request, { statusCode: 404 })
      return
    }
    if (camera.isAway) {
      this.reset()
      return
    }
    const { faults } = camera
    if (faults.has("hang") || (faults.has("silent") && this.#session.ledger === null)) return
    this.#answerInTime(request, camera)
  }

  #answerAsHttp(keepsOpen: boolean): void {
    const connection = keepsOpen ? "keep-alive" : "close"
    const answer = `${httpAnswer}Connection: ${connection}\r\n${httpBody}`
    if (!keepsOpen) {
      this.#socket.write(answer)
      this.end()
      return
    }
    // A client may take this for a request and answer it, and so on for ever: not faster than this.
    if (this.#delayedAnswer !== null) clearTimeout(this.#delayedAnswer)
    this.#delayedAnswer = setTimeout(() => this.#socket.write(answer), httpPauseMillis)
  }

  #answerInTime(request: RtspRequest, camera: SimulatedCamera): void {
    const answer = answerRequest(request, {
      camera,
      session: this.#session,
      nonce: this.#nonce,
      clientAddress: this.#socket.remoteAddress ?? "",
      serverRtpPort: this.#surroundings.udp.rtpPort,
      wallMillis: this.#surroundings.clock.wallMillis,
    })
    const slow = camera.faults.get("slowDescribe")
    if (slow === undefined || request.method !== "DESCRIBE") {
      this.#write(request, answer)
      return
    }
    this.#delayedAnswer = setTimeout(() => this.#write(request, answer), slow.delayMillis)
  }

  #write(request: RtspRequest, answer: RtspAnswer): void {
    this.#socket.write(formatAnswer(request, answer))
    answer.afterwards?.()
  }
}
