import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { signalProcess } from "../../src/recorder/processes.ts"
import { findLivingRuns, type LivingRun } from "../../src/recorder/livingRuns.ts"
import { awaitFact } from "./awaitFact.ts"
import { makeTestDatabase, readRows } from "./database.ts"
import { endGuardsOf } from "./guards.ts"
import type { SharedServer } from "./postgresServer.ts"

const program = resolve("src/main.ts")

export interface ServiceOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** A directory of an earlier life; otherwise a fresh one, removed with `remove`. */
  readonly directory?: string
  /** Where its database is made; that of this run of vitest unless given. */
  readonly databaseServer?: SharedServer
}

/** What one life has of its own. */
export interface LifeOptions {
  /** Its main module; that of this checkout unless given. */
  readonly program?: string
  /** Over that of all lives. */
  readonly environment?: Readonly<Record<string, string>>
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
    if (service.alive) return service
    const { log } = service
    await service.remove()
    throw new Error(`the service does not start: ${log.slice(-2000)}`)
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Of the present or the latest life. */
  get logPath(): string {
    return join(this.directory, `service-${this.#lives}.log`)
  }

  get log(): string {
    return readFileSync(this.logPath, "utf8")
  }

  get stateDirectory(): string {
    return join(this.directory, "state")
  }

  get alive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts a life of the service; resolves when it is ready, or has ended. */
  async start(life: LifeOptions = {}): Promise<void> {
    this.spawn(life)
    await this.ready()
  }

  /** Starts a life of the service without waiting for anything. */
  spawn(life: LifeOptions = {}): void {
    const { host, port, user, database } = this.#database.settings
    this.#lives += 1
    mkdirSync(this.directory, { recursive: true })
    const log = openSync(this.logPath, "w")
    this.#child = spawn(process.execPath, [life.program ?? program], {
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env["PATH"],
        // As `npm start` does.
        NODE_COMPILE_CACHE: resolve("node_modules/.cache/vigia"),
        PORT: "0",
        RECORDING_DIR: this.recordingDirectory,
        RECORDING_STATE_DIR: this.stateDirectory,
        RECORDING_FLUSH_INTERVAL: "0.5",
        // How full the disk of this machine is must not decide what a test finds.
        RECORDING_DISK_CRITICAL: "100",
        RECORDING_DISK_RESERVE: "0",
        POSTGRES_HOST: host,
        POSTGRES_PORT: String(port),
        POSTGRES_USER: user,
        POSTGRES_DB: database,
        ...this.#options.environment,
        ...life.environment,
      },
    })
    closeSync(log)
  }

  /** Resolves when this life is ready, or has ended. */
  async ready(): Promise<void> {
    await awaitFact("the service listens", () => {
      const address = /listening at (http:\/\/[^\s"]+)/.exec(this.log)?.[1]
      if (address !== undefined) this.#address = address
      return address !== undefined || !this.alive
    })
  }

  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#address}${path}`, {
      method,
      // A test that was busy for seconds must not take up a connection that the service has just closed.
      headers: {
        connection: "close",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
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

  /** The FFmpeg processes that record into its directory, of whatever life. */
  runs(): ReadonlyArray<LivingRun> {
    return findLivingRuns(this.recordingDirectory)
  }

  /** The rows of a query on its database; what is no JSON, such as a time, as PostgreSQL writes it. */
  rows(query: string): Promise<ReadonlyArray<unknown>> {
    return readRows(this.#database.settings, query)
  }

  /** Ends the service, also its guard and runs that outlived it, and removes all that it wrote. */
  async remove(): Promise<void> {
    await this.end()
    endGuardsOf(this.recordingDirectory)
    for (const run of this.runs()) signalProcess(run, "SIGKILL")
    await this.#database.dispose()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
