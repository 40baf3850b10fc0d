import type { CameraCounters } from "./counters.ts"
import type { PacketTrain } from "./PacketTrain.ts"
import type { RtspSession } from "./RtspSession.ts"
import type { SessionLedger } from "./SessionLedger.ts"
import { RandomRuns, type Striking } from "./RandomRuns.ts"
import type { Random } from "./seededRandom.ts"

export const videoTrack = 0
export const audioTrack = 1

const rememberedSessions = 10_000

/** The playing clients of one camera, and the counters of the truth. */
export class PlayerGroup {
  readonly #players = new Set<RtspSession>()
  readonly #ledgers: Array<SessionLedger> = []
  readonly #maximumUnsentBytes: number
  readonly #losses: RandomRuns
  /** Whether a frame was damaged since the last whole keyframe: a loss hits all clients alike. */
  #isAffected = false
  readonly #totals = {
    framesSent: 0,
    framesSkipped: 0,
    framesNotSent: 0,
    framesDamaged: 0,
    framesAffected: 0,
    packetsSent: 0,
    packetsLost: 0,
    connections: 0,
    describes: 0,
    plays: 0,
  }

  constructor(maximumUnsentBytes: number, random: Random) {
    this.#maximumUnsentBytes = maximumUnsentBytes
    this.#losses = new RandomRuns(random)
  }

  add(session: RtspSession): void {
    if (session.ledger === null) return
    this.#players.add(session)
    this.#ledgers.push(session.ledger)
    if (this.#ledgers.length > rememberedSessions) this.#ledgers.shift()
    this.#totals.plays += 1
  }

  remove(session: RtspSession, endedAtMillis: number): void {
    this.#players.delete(session)
    session.ledger?.end(endedAtMillis)
  }

  connected(): void {
    this.#totals.connections += 1
  }

  described(): void {
    this.#totals.describes += 1
  }

  /** The clients that are to get this video frame now; the others are waiting for a keyframe or do not read. */
  videoReceivers(isKeyframe: boolean): Array<RtspSession> {
    const receivers: Array<RtspSession> = []
    for (const player of this.#players) {
      if (!player.tracks.has(videoTrack)) continue
      const isFull = player.unsentBytes > this.#maximumUnsentBytes
      const hasReceived = player.ledger?.hasReceived === true
      if (!isFull && (isKeyframe || !player.isAwaitingKeyframe)) {
        player.isAwaitingKeyframe = false
        receivers.push(player)
        continue
      }
      if (isFull) player.isAwaitingKeyframe = true
      if (!hasReceived) continue
      player.ledger?.notSent()
      this.#totals.framesNotSent += 1
    }
    return receivers
  }

  /** The clients that are to get an audio packet: not before their first video frame, if they play video. */
  audioReceivers(): Array<RtspSession> {
    return [...this.#players].filter(
      (player) =>
        player.tracks.has(audioTrack) &&
        player.unsentBytes <= this.#maximumUnsentBytes &&
        (!player.tracks.has(videoTrack) || player.ledger?.hasReceived === true),
    )
  }

  /** Counts a frame that a fault withholds from all who were receiving. */
  skipFrame(): void {
    for (const player of this.#players) {
      if (player.ledger?.hasReceived !== true) continue
      player.ledger.skipped()
      this.#totals.framesSkipped += 1
    }
  }

  /** Sends a train whose headers are written; `sequence` is the number of the video frame it carries. */
  send(
    train: PacketTrain,
    to: { readonly track: number; readonly receivers: ReadonlyArray<RtspSession> },
    sequence: number | null,
    loss: Striking,
  ): void {
    const totals = this.#totals
    const isLost = train.offsets.map(() => this.#losses.strikes(loss))
    const lost = isLost.filter(Boolean).length
    const sent = lost === 0 ? train : train.without(isLost)
    if (sequence !== null) this.#isAffected = lost > 0 || (this.#isAffected && !train.isKeyframe)
    let isReusable = true
    for (const receiver of to.receivers) {
      if (sent !== null && !receiver.sendTrain(to.track, sent)) isReusable = false
      totals.packetsLost += lost
      totals.packetsSent += train.packets - lost
      if (sequence === null) continue
      receiver.ledger?.sent(sequence)
      totals.framesSent += 1
      if (lost > 0) totals.framesDamaged += 1
      if (this.#isAffected) totals.framesAffected += 1
    }
    if (!isReusable && sent === train) train.detach()
  }

  /** Sends reports to the clients that have none yet, or to all when they are due. */
  report(
    receivers: ReadonlyArray<RtspSession>,
    isDue: boolean,
    reportOf: (track: number) => Buffer | null,
  ): void {
    for (const receiver of receivers) {
      if (receiver.isSynchronized && !isDue) continue
      receiver.isSynchronized = true
      for (const track of receiver.tracks.keys()) {
        const report = reportOf(track)
        if (report !== null) receiver.sendReport(track, report)
      }
    }
  }

  counters(lastSequence: number): CameraCounters {
    return { ...this.#totals, lastSequence, sessions: this.#ledgers.map((ledger) => ledger.counters()) }
  }
}
