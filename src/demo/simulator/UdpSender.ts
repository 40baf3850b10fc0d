import { createSocket } from "node:dgram"
import type { Socket } from "node:dgram"
import { once } from "node:events"
import { freePortCandidates } from "./freePorts.ts"

/** The pair of UDP sockets from which all cameras send RTP (even port) and RTCP (the next port). */
export class UdpSender {
  readonly rtpPort: number
  readonly #rtp: Socket
  readonly #rtcp: Socket

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = rtp
    this.#rtcp = rtcp
    this.rtpPort = rtp.address().port
    // Receiver reports and hole-punching packets are read away; an unreachable client is noticed by its RTSP connection.
    for (const socket of [rtp, rtcp]) socket.on("error", ignoreUnreachable).on("message", discard)
  }

  static async open(host: string): Promise<UdpSender> {
    for (const port of freePortCandidates()) {
      const evenPort = port - (port % 2)
      const rtp = await bind(host, evenPort)
      if (rtp === null) continue
      const rtcp = await bind(host, evenPort + 1)
      if (rtcp !== null) return new UdpSender(rtp, rtcp)
      rtp.close()
    }
    throw new Error("no free pair of UDP ports")
  }

  sendRtp(datagram: Buffer, address: string, port: number): void {
    this.#rtp.send(datagram, port, address)
  }

  sendRtcp(datagram: Buffer, address: string, port: number): void {
    this.#rtcp.send(datagram, port, address)
  }

  close(): void {
    this.#rtp.close()
    this.#rtcp.close()
  }
}

const discard = (): void => undefined
const ignoreUnreachable = discard

const bind = async (host: string, port: number): Promise<Socket | null> => {
  const socket = createSocket({ type: "udp4" })
  socket.bind({ address: host, port, exclusive: true })
  try {
    await once(socket, "listening")
    return socket
  } catch {
    socket.close()
    return null
  }
}
