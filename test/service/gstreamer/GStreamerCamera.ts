import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const script = fileURLToPath(new URL("rtsp_server.py", import.meta.url))

/** A camera served by GStreamer: H.264 with a keyframe a second, and G.711 A-law; it ends with its parent. */
export class GStreamerCamera {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** Fails with what the server said if it does not come up. */
  static async start(): Promise<GStreamerCamera> {
    // Debian's own Python: the bindings of GStreamer belong to it.
    const child = spawn("/usr/bin/python3", [script], {
      stdio: ["pipe", "pipe", "pipe"],
      // Looking for plugins in a directory of its own would take seconds at each start.
      env: { PATH: "/usr/bin:/bin", HOME: process.env["HOME"] },
    })
    let said = ""
    let complaint = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text))
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
    await Promise.race([once(child.stdout, "data"), once(child, "close")])
    const url = /^(rtsp:\S+)$/m.exec(said)?.[1]
    if (url === undefined) throw new Error(`GStreamer's RTSP server did not start: ${complaint}`)
    return new GStreamerCamera(child, url)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, "exit")
    this.#child.kill("SIGTERM")
    await exited
  }
}
