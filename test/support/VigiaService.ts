import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { awaitFact } from "./awaitFact.ts"
import { makeTestDatabase } from "./database.ts"
import type { SharedServer } from "./postgresServer.ts"

const program = resolve("src/main.ts")

export interface ServiceOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** A directory of an earlier life; otherwise a fresh one, removed with `remove`. */
  readonly directory?: string
  /** Where its database is made; that of this run of vitest unless given. */
  readonly databaseServer?: SharedServer
}

/** One life of the service as its own process, on directories and a database of the test's own. */
export class VigiaService {
  readonly directory: string
  readonly recordingDirectory: string
  readonly #options: ServiceOptions
  readonly #database: Awaited<ReturnType<typeof makeTestDatabase>>
  #child: ChildProcess | null = null
  #address = ""
  #lives = 0

  private constructor(options: ServiceOptions, database: Awaited<ReturnType<typeof makeTestDatabase>>) {
    this.#options = options
    this.#database = database
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), "vigia-service-"))
    this.recordingDirectory = join(this.directory, "recordings")
  }

  /** A service that is not started yet. */
  static async make(options: ServiceOptions = {}): Promise<VigiaService> {
    return new VigiaService(options, await makeTestDatabase(options.databaseServer))
  }

  /** A service that answers. */
  static async start(options: ServiceOptions = {}): Promise<VigiaService> {
    const service = await VigiaService.make(options)
    await service.start()
    return service
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get log(): string {
    return readFileSync(join(this.directory, `service-${this.#lives}.log`), "utf8")
  }

  get alive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts a life of the service; resolves when it is ready, or has ended. */
  async start(): Promise<void> {
    const { host, port, user, database } = this.#database.settings
    this.#lives += 1
    mkdirSync(this.directory, { recursive: true })
    const log = openSync(join(this.directory, `service-${this.#lives}.log`), "w")
    this.#child = spawn(process.execPath, [program], {
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env["PATH"],
        PORT: "0",
        RECORDING_DIR: this.recordingDirectory,
        RECORDING_STATE_DIR: join(this.directory, "state"),
        RECORDING_FLUSH_INTERVAL: "0.5",
        POSTGRES_HOST: host,
        POSTGRES_PORT: String(port),
        POSTGRES_USER: user,
        POSTGRES_DB: database,
        ...this.#options.environment,
      },
    })
    closeSync(log)
    await awaitFact("the service listens", () => {
      const address = /listening at (http:\/\/[^\s"]+)/.exec(this.log)?.[1]
      if (address !== undefined) this.#address = address
      return address !== undefined || !this.alive
    })
  }

  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#address}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    })
    const text = await response.text()
    return { status: response.status, body: text === "" ? null : JSON.parse(text) }
  }

  get address(): string {
    return this.#address
  }

  /** Signals this life without waiting for its end. */
  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Ends this life and resolves with its exit code, null after a signal. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child
    if (child === null) return null
    if (this.alive) {
      const exited = new Promise((gone) => child.once("exit", gone))
      child.kill(signal)
      await exited
    }
    return child.exitCode
  }

  /** Ends the service and removes all that it wrote. */
  async remove(): Promise<void> {
    await this.end()
    await this.#database.dispose()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
