import type { Socket } from "node:net"
import { ClipLibrary } from "./ClipLibrary.ts"
import { FrameTicker } from "./FrameTicker.ts"
import { PortListener } from "./PortListener.ts"
import { RtspConnection } from "./RtspConnection.ts"
import { seededRandom } from "./seededRandom.ts"
import { SimulatedCamera } from "./SimulatedCamera.ts"
import type { CameraHandle, CameraOptions, Simulator, SimulatorOptions } from "./simulator.ts"
import { systemClock } from "./SimulatorClock.ts"
import type { SimulatorClock } from "./SimulatorClock.ts"
import { UdpSender } from "./UdpSender.ts"

const defaultMaximumUnsentBytes = 4 * 1024 * 1024

/** Simulated cameras in this process: an RTSP server (RFC 2326) whose frames are numbered and whose faults are chosen. */
export class SimulatorServer implements Simulator {
  readonly #options: SimulatorOptions
  readonly #clock: SimulatorClock
  readonly #host: string
  readonly #library: ClipLibrary
  readonly #ticker: FrameTicker
  readonly #udp: UdpSender
  readonly #cameras = new Map<string, SimulatedCamera>()
  readonly #strangers = new Set<Socket>()
  #shared: PortListener | null = null
  #isStopped = false

  private constructor(options: SimulatorOptions, udp: UdpSender, clock: SimulatorClock) {
    this.#options = options
    this.#clock = clock
    this.#host = options.host ?? "127.0.0.1"
    this.#udp = udp
    this.#ticker = new FrameTicker(clock)
    this.#library = new ClipLibrary({
      directory: options.clipDirectory,
      ffmpegPath: options.ffmpegPath ?? "ffmpeg",
    })
  }

  /** Makes the clips that are missing and listens; fails when FFmpeg or a port is not to be had. */
  static async start(
    options: SimulatorOptions,
    clock: SimulatorClock = systemClock,
  ): Promise<SimulatorServer> {
    const udp = await UdpSender.open(options.host ?? "127.0.0.1")
    const server = new SimulatorServer(options, udp, clock)
    try {
      server.#shared = await PortListener.open(server.#host, options.port ?? 0, (socket) =>
        server.#accept(socket, null),
      )
      for (const camera of options.cameras) await server.addCamera(camera)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  get cameras(): ReadonlyArray<CameraHandle> {
    return [...this.#cameras.values()]
  }

  camera(path: string): CameraHandle {
    const camera = this.#cameras.get(path)
    if (camera === undefined) throw new Error(`no simulated camera at path ${path}`)
    return camera
  }

  async addCamera(options: CameraOptions): Promise<CameraHandle> {
    if (this.#cameras.has(options.path)) throw new Error(`two simulated cameras at path ${options.path}`)
    const video = await this.#library.video(options.video ?? "h264-360p")
    const audio = options.audio === undefined ? null : await this.#library.audio(options.audio)
    const own = options.port === undefined ? null : await this.#openOwnPort(options.path, options.port)
    const camera = new SimulatedCamera({
      options,
      url: `rtsp://${this.#host}:${(own ?? this.#shared)?.port}/${options.path}`,
      clips: { video, audio },
      library: this.#library,
      ticker: this.#ticker,
      clock: this.#clock,
      random: seededRandom(this.#options.seed ?? 1, options.path),
      maximumUnsentBytes: this.#options.maximumUnsentBytes ?? defaultMaximumUnsentBytes,
    })
    camera.listener = own
    this.#cameras.set(options.path, camera)
    for (const fault of options.faults ?? []) await camera.set(fault)
    this.#ticker.add(camera)
    return camera
  }

  /** Resets all connections and frees all ports; a second call does nothing. */
  stop(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    this.#isStopped = true
    this.#shared?.close()
    for (const camera of this.#cameras.values()) camera.stop()
    for (const socket of this.#strangers) socket.destroy()
    this.#udp.close()
    return Promise.resolve()
  }

  #openOwnPort(path: string, port: number): Promise<PortListener> {
    return PortListener.open(this.#host, port, (socket) =>
      this.#accept(socket, this.#cameras.get(path) ?? null),
    )
  }

  #accept(socket: Socket, owner: SimulatedCamera | null): void {
    this.#strangers.add(socket)
    socket.on("close", () => this.#strangers.delete(socket))
    const connection = new RtspConnection(
      socket,
      {
        udp: this.#udp,
        clock: this.#clock,
        cameraAt: (path) => this.#cameras.get(path) ?? null,
      },
      owner,
    )
    if (owner?.isAway === true) connection.reset()
  }
}
