import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { freePort } from "./freePort.ts"

const program = fileURLToPath(new URL("../main.ts", import.meta.url))

export interface ServiceProcessOptions {
  readonly camerasFile: string
  /** Wanted; any free one where it is taken. */
  readonly port?: number
  readonly environment?: Readonly<Record<string, string>>
}

/** The service as `npm start` runs it, on directories and with a port of its own. */
export class ServiceProcess {
  readonly address: string
  readonly recordingDirectory: string
  readonly logPath: string
  readonly #child: ChildProcess
  readonly #exited: Promise<number>

  private constructor(child: ChildProcess, address: string, recordingDirectory: string, logPath: string) {
    this.#child = child
    this.address = address
    this.recordingDirectory = recordingDirectory
    this.logPath = logPath
    this.#exited = new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts the service and waits until it is ready; fails with the end of its log if it ends instead. */
  static async start(directory: string, options: ServiceProcessOptions): Promise<ServiceProcess> {
    const port = await freePort(options.port ?? 0)
    const logPath = `${directory}/service.log`
    const recordingDirectory = `${directory}/recordings`
    const log = openSync(logPath, "w", 0o600)
    const child = spawn(process.execPath, ["--max-semi-space-size=4", program], {
      // Ctrl-C is for the demo: it ends the service itself, in order.
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        ...process.env,
        HOST: "127.0.0.1",
        PORT: String(port),
        RECORDING_DIR: recordingDirectory,
        RECORDING_STATE_DIR: directory,
        CAMERAS_FILE: options.camerasFile,
        ...options.environment,
      },
    })
    closeSync(log)
    const service = new ServiceProcess(child, `http://127.0.0.1:${port}`, recordingDirectory, logPath)
    await service.#ready()
    return service
  }

  async #ready(): Promise<void> {
    const answers = await fetch(`${this.address}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (answers) return
    if (!this.alive) throw new Error(`the service ended:\n${readFileSync(this.logPath, "utf8").slice(-2000)}`)
    await new Promise((later) => setTimeout(later, 100))
    return this.#ready()
  }

  /** Ends the service as an operator would; resolves with its exit code. */
  stop(): Promise<number> {
    if (this.alive) this.#child.kill("SIGTERM")
    return this.#exited
  }
}
