import type { CameraConnection } from "./CameraConnection.ts"
import { CameraBody } from "./CameraBody.ts"
import type { ClipLibrary } from "./ClipLibrary.ts"
import type { AudioClip, VideoClip } from "./clips.ts"
import type { CameraCounters } from "./counters.ts"
import { FaultBoard } from "./FaultBoard.ts"
import { isHappening } from "./faults.ts"
import type { Condition, ConditionKind, Fault, Happening } from "./faults.ts"
import type { FrameTicker, Ticking } from "./FrameTicker.ts"
import { PlayerGroup, audioTrack, videoTrack } from "./PlayerGroup.ts"
import type { PortListener } from "./PortListener.ts"
import type { RtspSession } from "./RtspSession.ts"
import { RandomRuns, type Striking } from "./RandomRuns.ts"
import { sdpOf } from "./sdp.ts"
import type { Random } from "./seededRandom.ts"
import type { CameraHandle, CameraOptions } from "./simulator.ts"
import type { SimulatorClock } from "./SimulatorClock.ts"

const reportIntervalMillis = 5000

/** A camera that was frozen for longer (a suspended process) leaves the frames out instead of sending them late. */
const maximumDelayMillis = 2000

/** What a camera is made of and lives among. */
export interface CameraSurroundings {
  readonly options: CameraOptions
  readonly url: string
  readonly clips: { readonly video: VideoClip; readonly audio: AudioClip | null }
  readonly library: ClipLibrary
  readonly ticker: FrameTicker
  readonly clock: SimulatorClock
  readonly random: Random
  readonly maximumUnsentBytes: number
}

/** One camera: makes a frame whenever one is due, watched or not, and does to its clients what its faults say. */
export class SimulatedCamera implements CameraHandle, Ticking {
  readonly path: string
  readonly url: string
  readonly faults = new FaultBoard()
  readonly players: PlayerGroup
  readonly startAtKeyframe: boolean
  /** The camera's own port, if it has one. */
  listener: PortListener | null = null
  readonly #surroundings: CameraSurroundings
  readonly #connections = new Set<CameraConnection>()
  #body: CameraBody
  readonly #skips: RandomRuns
  #sequence = 0
  #nextReportMillis = 0
  #restart: NodeJS.Timeout | null = null

  constructor(surroundings: CameraSurroundings) {
    const { options, clips } = surroundings
    this.#surroundings = surroundings
    this.path = options.path
    this.url = surroundings.url
    this.startAtKeyframe = options.startAtKeyframe ?? true
    this.players = new PlayerGroup(surroundings.maximumUnsentBytes, surroundings.random)
    this.#skips = new RandomRuns(surroundings.random)
    this.#body = this.#newBody(clips.video)
    this.#askForOwnCredentials()
  }

  get sdp(): string {
    return sdpOf(this.#body.video.clip, this.#surroundings.clips.audio)
  }

  get trackCount(): number {
    return this.#body.audio === null ? 1 : 2
  }

  /** Whether nothing is to be had of it: rebooting, or refusing. */
  get isAway(): boolean {
    return this.#restart !== null || this.faults.has("refuse")
  }

  connected(connection: CameraConnection): void {
    this.#connections.add(connection)
    this.players.connected()
  }

  disconnected(connection: CameraConnection): void {
    this.#connections.delete(connection)
  }

  async set(fault: Fault): Promise<void> {
    if (isHappening(fault)) await this.#happen(fault)
    else this.#begin(fault)
  }

  async clear(kind?: ConditionKind): Promise<void> {
    const kinds = kind === undefined ? this.faults.kinds : [kind]
    for (const each of kinds) this.faults.clear(each)
    if (kinds.includes("credentials")) this.#askForOwnCredentials()
    if (kinds.includes("clockRate")) this.#body.clock.setPartsPerMillion(0, this.#now())
    if (kinds.includes("refuse") && !this.isAway) await this.listener?.reopen()
  }

  counters(): Promise<CameraCounters> {
    return Promise.resolve(this.players.counters(this.#sequence))
  }

  dueMillis(): number {
    return this.#restart === null ? this.#body.dueMillis : Number.POSITIVE_INFINITY
  }

  tick(monotonicMillis: number): void {
    const { video, audio } = this.#body
    for (;;) {
      const audioDueMillis = audio?.dueMillis ?? Number.POSITIVE_INFINITY
      if (Math.min(video.dueMillis, audioDueMillis) > monotonicMillis) return
      if (video.dueMillis <= audioDueMillis) this.#makeFrame(monotonicMillis)
      else this.#makeSound()
    }
  }

  /** Ends everything at once; the camera cannot be used again. */
  stop(): void {
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#surroundings.ticker.remove(this)
    this.listener?.close()
    this.#resetConnections()
  }

  #makeFrame(monotonicMillis: number): void {
    const { video, videoStream, clock } = this.#body
    const frame = video.frame()
    const { dueMillis } = video
    this.#sequence += 1
    const share = this.faults.get("unsteadyRate")?.share ?? 0
    video.setPace(share === 0 ? 1 : 1 + share * (2 * this.#surroundings.random() - 1))
    const isLate = monotonicMillis - dueMillis > maximumDelayMillis
    if (isLate || this.#isMuted() || this.#isSkipped(frame.isDisposable)) {
      if (frame.isDisposable) video.advance()
      else video.leaveOut()
      this.players.skipFrame()
      return
    }
    video.advance()
    const receivers = this.players.videoReceivers(frame.isKeyframe)
    if (receivers.length === 0) return
    const mediaMillis = clock.mediaMillisAt(dueMillis)
    this.#report(receivers, dueMillis)
    const stamp = { sequence: this.#sequence, sentAtMillis: this.#surroundings.clock.wallMillis() }
    videoStream.claim(frame.train, mediaMillis + frame.compositionMillis, stamp)
    this.players.send(frame.train, { track: videoTrack, receivers }, this.#sequence, this.#loss)
  }

  #makeSound(): void {
    const { audio, audioStream, clock } = this.#body
    if (audio === null || audioStream === null) return
    const { dueMillis } = audio
    const train = audio.take()
    if (this.#isMuted() || this.faults.has("audioSilent")) return
    const receivers = this.players.audioReceivers()
    if (receivers.length === 0) return
    this.#report(receivers, dueMillis)
    audioStream.claim(train, clock.mediaMillisAt(dueMillis), null)
    this.players.send(train, { track: audioTrack, receivers }, null, this.#loss)
  }

  get #loss(): Striking {
    const loss = this.faults.get("packetLoss")
    return { probability: loss?.probability ?? 0, meanRun: loss?.meanRunPackets ?? 1 }
  }

  #isMuted(): boolean {
    return this.faults.has("stall") || this.faults.has("hang")
  }

  #isSkipped(isDisposable: boolean): boolean {
    const skip = this.faults.get("frameSkip")
    const skipping = { probability: skip?.probability ?? 0, meanRun: skip?.meanRunFrames ?? 1 }
    if (!this.#skips.strikes(skipping)) return false
    return isDisposable || !this.#body.video.clip.hasReordering
  }

  #report(receivers: ReadonlyArray<RtspSession>, dueMillis: number): void {
    const isDue = dueMillis >= this.#nextReportMillis
    if (isDue) this.#nextReportMillis = dueMillis + reportIntervalMillis
    const { clock, clockWallMillis, videoStream, audioStream } = this.#body
    const mediaMillis = clock.mediaMillisAt(dueMillis)
    this.players.report(receivers, isDue, (track) => {
      if (track === audioTrack && this.faults.has("audioSilent")) return null
      const stream = track === videoTrack ? videoStream : audioStream
      return stream?.senderReport(mediaMillis, clockWallMillis) ?? null
    })
  }

  async #happen(happening: Happening): Promise<void> {
    switch (happening.kind) {
      case "dropFin":
        for (const connection of this.#connections) connection.end()
        return
      case "dropReset":
        this.#resetConnections()
        return
      case "reboot":
        this.#reboot(happening.downMillis)
        return
      case "timestampJump":
        this.#body.clock.jump(happening.seconds)
        return
      case "videoPause":
        this.#body.video.pauseUntil(this.#now() + happening.durationMillis)
        this.#surroundings.ticker.reschedule()
        return
      case "switchClip":
        this.#switchTo(await this.#surroundings.library.video(happening.clip))
        return
    }
  }

  #askForOwnCredentials(): void {
    const { credentials } = this.#surroundings.options
    if (credentials !== undefined) this.faults.set({ kind: "credentials", credentials })
  }

  #begin(condition: Condition): void {
    this.faults.set(condition)
    if (condition.kind === "clockRate") {
      this.#body.clock.setPartsPerMillion(condition.partsPerMillion, this.#now())
    }
    if (condition.kind === "refuse") {
      this.listener?.close()
      this.#resetConnections()
    }
  }

  #reboot(downMillis: number): void {
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#restart = setTimeout(() => void this.#comeBack(), downMillis)
    this.listener?.close()
    this.#resetConnections()
    this.#surroundings.ticker.reschedule()
  }

  async #comeBack(): Promise<void> {
    this.#restart = null
    this.#body = this.#newBody(this.#body.video.clip)
    this.#surroundings.ticker.reschedule()
    if (!this.isAway) await this.listener?.reopen()
  }

  #switchTo(clip: VideoClip): void {
    if (clip.profile.codec === this.#body.video.clip.profile.codec) {
      this.#body.video.switchTo(clip)
      return
    }
    for (const connection of this.#connections) connection.end()
    this.#body = this.#newBody(clip)
    this.#surroundings.ticker.reschedule()
  }

  #newBody(video: VideoClip): CameraBody {
    const { clips, clock, random } = this.#surroundings
    const start = { monotonicMillis: clock.monotonicMillis(), wallMillis: clock.wallMillis() }
    const body = new CameraBody({ video, audio: clips.audio }, start, random)
    const rate = this.faults.get("clockRate")
    if (rate !== undefined) body.clock.setPartsPerMillion(rate.partsPerMillion, start.monotonicMillis)
    return body
  }

  #resetConnections(): void {
    for (const connection of this.#connections) connection.reset()
  }

  #now(): number {
    return this.#surroundings.clock.monotonicMillis()
  }
}
