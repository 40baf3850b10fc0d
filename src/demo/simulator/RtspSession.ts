import type { Socket } from "node:net"
import type { PacketTrain } from "./PacketTrain.ts"
import { SessionLedger } from "./SessionLedger.ts"
import type { UdpSender } from "./UdpSender.ts"

/** Where the packets of one track go. */
export type TrackTransport =
  | { readonly kind: "tcp"; readonly rtpChannel: number; readonly rtcpChannel: number }
  | { readonly kind: "udp"; readonly address: string; readonly rtpPort: number; readonly rtcpPort: number }

/** What a client has set up on its connection, and how its packets get out. */
export class RtspSession {
  readonly id: string
  readonly tracks = new Map<number, TrackTransport>()
  /** Null until PLAY. */
  ledger: SessionLedger | null = null
  isAwaitingKeyframe = false
  /** Whether sender reports have told the client how its tracks relate. */
  isSynchronized = false
  readonly #socket: Socket
  readonly #udp: UdpSender

  constructor(id: string, socket: Socket, udp: UdpSender) {
    this.id = id
    this.#socket = socket
    this.#udp = udp
  }

  play(startedAtMillis: number, startAtKeyframe: boolean): void {
    const isUdp = [...this.tracks.values()].some(({ kind }) => kind === "udp")
    this.ledger = new SessionLedger(isUdp ? "udp" : "tcp", startedAtMillis)
    this.isAwaitingKeyframe = startAtKeyframe
  }

  /** Bytes that the kernel has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** Sends the packets in one write (TCP). False when the socket still refers to the train's bytes. */
  sendTrain(track: number, train: PacketTrain): boolean {
    const transport = this.tracks.get(track)
    if (transport === undefined) return true
    if (transport.kind === "udp") {
      for (const datagram of train.datagrams()) {
        this.#udp.sendRtp(datagram, transport.address, transport.rtpPort)
      }
      return true
    }
    const isOwnChannel = train.bytes.readUInt8(1) === transport.rtpChannel
    this.#socket.write(isOwnChannel ? train.bytes : train.onChannel(transport.rtpChannel).bytes)
    return this.#socket.writableLength === 0
  }

  sendReport(track: number, report: Buffer): void {
    const transport = this.tracks.get(track)
    if (transport === undefined) return
    if (transport.kind === "udp") {
      this.#udp.sendRtcp(report, transport.address, transport.rtcpPort)
      return
    }
    const header = Buffer.from([0x24, transport.rtcpChannel, 0, 0])
    header.writeUInt16BE(report.length, 2)
    this.#socket.write(Buffer.concat([header, report]))
  }
}
