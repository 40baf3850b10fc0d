import type { Fragment } from "./FragmentReader.ts"
import { LossLog } from "./LossLog.ts"

/** What packet loss says of a fragment. */
export interface FragmentLoss {
  /** Packets that FFmpeg missed and told between the look before and the one that found the fragment. */
  readonly lostPackets: number
  /** Frames of the fragment that may be damaged; none of the others is. */
  readonly damagedFramesAtMost: number
  /** Up to which byte the log had been read: another life of the service goes on there. */
  readonly logBytes: number
}

/** What a run's loss hands on from one file to the next, and keeps in the index. */
export interface PacketLossState {
  readonly logBytes: number
  readonly isDamaged: boolean
  /** A keyframe that begins later than this in its file ends the damage. */
  readonly damagedUntilSeconds: number
}

/**
 * How much media FFmpeg may hold when it tells a loss, beside frames: a fragment of 0.6 s, 0.2 s of waiting for sound,
 * and as much again. What is hit is among that or comes next.
 */
const heldSeconds = 2
const heldFrames = 3

/**
 * Counts the packets that a run lost, and bounds the frames that they damaged from above.
 *
 * FFmpeg tells a loss before it passes on the frame that lost a packet. So a fragment that is found whole before the log
 * is read lacks nothing but what the log says: from a loss on every frame counts as damaged, until a keyframe begins
 * that comes after all that FFmpeg can have held. Its own fragment still counts: pictures shown before it may be
 * predicted from those of the GOP before.
 */
export class PacketLoss {
  readonly #log: LossLog
  #isDamaged: boolean
  #damagedUntilSeconds: number
  /** Whether a loss was seen in this pass over the files: what it hit may be anywhere in what the pass finds. */
  #isLossInPass = false
  #mediaEndSeconds = 0
  #frameSeconds = 0

  private constructor(log: LossLog, state: PacketLossState) {
    this.#log = log
    this.#isDamaged = state.isDamaged
    this.#damagedUntilSeconds = state.damagedUntilSeconds
  }

  /** Null where the log is not there. */
  static open(logPath: string, state: PacketLossState): PacketLoss | null {
    const log = LossLog.open(logPath, state.logBytes)
    return log === null ? null : new PacketLoss(log, state)
  }

  get state(): PacketLossState {
    return {
      logBytes: this.#log.readBytes,
      isDamaged: this.#isDamaged,
      damagedUntilSeconds: this.#damagedUntilSeconds,
    }
  }

  /** Size of the log; to be asked for after that of the file and before the file is read. */
  get logBytes(): number {
    return this.#log.sizeBytes
  }

  /** Passes over all that the log says: nobody knows what it belongs to. */
  skipToEnd(): void {
    this.#log.skipToEnd()
  }

  /**
   * Reads the log and says of each fragment that was found what the loss did to it; the last one has the packets.
   *
   * Null where lines of the log are gone that nobody read: then it is not known.
   */
  account(found: ReadonlyArray<Fragment>, logBytes: number): ReadonlyArray<FragmentLoss | null> {
    const last = found.at(-1)
    if (last === undefined) return []
    const { lostPackets, isBehind, isCut } = this.#log.readTo(logBytes)
    if (lostPackets > 0 || isBehind || isCut) {
      this.#isDamaged = true
      this.#isLossInPass = true
    }
    this.#mediaEndSeconds = last.mediaEndSeconds
    this.#frameSeconds = (last.mediaEndSeconds - last.mediaStartSeconds) / Math.max(1, last.frames)
    const losses = found.map((fragment) => ({
      lostPackets: fragment === last ? lostPackets : 0,
      damagedFramesAtMost: this.#isHit(fragment) ? fragment.frames : 0,
      logBytes: this.#log.readBytes,
    }))
    return isCut ? found.map(() => null) : losses
  }

  /** Everything that is on disk now was found. */
  endPass(): void {
    if (!this.#isLossInPass) return
    this.#isLossInPass = false
    this.#damagedUntilSeconds = this.#mediaEndSeconds + heldSeconds + heldFrames * this.#frameSeconds
  }

  /** A new file starts at time 0. */
  nextFile(): void {
    this.#damagedUntilSeconds -= this.#mediaEndSeconds
    this.#mediaEndSeconds = 0
  }

  close(): void {
    this.#log.close()
  }

  #isHit(fragment: Fragment): boolean {
    if (!this.#isDamaged) return false
    if (
      !this.#isLossInPass &&
      fragment.startsWithKeyframe &&
      fragment.mediaStartSeconds > this.#damagedUntilSeconds
    ) {
      this.#isDamaged = false
    }
    return true
  }
}

/** The state in which a run starts: nothing read, nothing lost. */
export const untouched: PacketLossState = { logBytes: 0, isDamaged: false, damagedUntilSeconds: 0 }

/** The state after a fragment of which no more is known: damage may last as long as after a loss at its very end. */
export const stateAfter = (
  loss: FragmentLoss,
  mediaEndSeconds: number,
  nominalSeconds: number,
): PacketLossState => ({
  logBytes: loss.logBytes,
  isDamaged: loss.damagedFramesAtMost > 0,
  damagedUntilSeconds: mediaEndSeconds + heldSeconds + heldFrames * nominalSeconds,
})
