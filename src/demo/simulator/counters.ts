/** One playing client, from PLAY to the end of its connection. */
export interface SessionCounters {
  readonly transport: "tcp" | "udp"
  readonly startedAtMillis: number
  /** Null while it plays. */
  readonly endedAtMillis: number | null
  /** Number of the first and the last frame handed to its socket; null before the first. */
  readonly firstSequence: number | null
  readonly lastSequence: number | null
  readonly framesSent: number
  /** Between the first and the last frame, withheld by a fault. */
  readonly framesSkipped: number
  /** Between the first and the last frame, not sent because the client did not read. */
  readonly framesNotSent: number
}

/**
 * What a camera knows to be true. Frames and packets count once per client that was due to get them.
 *
 * For every session, `lastSequence - firstSequence + 1 = framesSent + framesSkipped + framesNotSent`.
 */
export interface CameraCounters {
  /** Frames handed to a socket, damaged ones included. */
  readonly framesSent: number
  /** Frames withheld by `frameSkip`, `stall` or `hang` from clients that were receiving. */
  readonly framesSkipped: number
  /** Frames withheld from clients that did not read. */
  readonly framesNotSent: number
  /** Frames of which at least one packet was lost by `packetLoss`. */
  readonly framesDamaged: number
  /** Those, and all that came after them up to the next whole keyframe: they are predicted from them, or may be. */
  readonly framesAffected: number
  /** RTP packets of video and audio. */
  readonly packetsSent: number
  readonly packetsLost: number
  readonly connections: number
  readonly describes: number
  readonly plays: number
  /** Number of the latest frame that came to exist, sent or not; 0 before the first. */
  readonly lastSequence: number
  /** The latest 10,000 at most. */
  readonly sessions: ReadonlyArray<SessionCounters>
}
