import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { EmbeddedPostgres } from "../../src/storage/embedded/EmbeddedPostgres.ts"
import { processesIn } from "../../src/storage/embedded/postmaster.ts"
import type { SharedServer } from "./postgresServer.ts"

/** A PostgreSQL server of a test's own, that may be stopped and killed; its socket stays where it is. */
export class OwnServer {
  readonly directory: string
  /** Where it listens whenever it runs. */
  readonly address: SharedServer
  #runtime: ManagedRuntime.ManagedRuntime<EmbeddedPostgres, unknown> | null = null

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "vigia-own-"))
    // The server's user is another one where the tests run as root.
    chmodSync(this.directory, 0o755)
    this.address = { socketDirectory: this.#socketLink, port: 5432, user: "vigia", database: "postgres" }
  }

  get #socketLink(): string {
    return join(this.directory, "socket")
  }

  static async start(): Promise<OwnServer> {
    const server = new OwnServer()
    await server.start()
    return server
  }

  /** Starts it, and resolves when it answers; a server that is killed is started again by itself. */
  async start(): Promise<void> {
    this.#runtime = ManagedRuntime.make(
      EmbeddedPostgres.layer({
        stateDirectory: join(this.directory, "state"),
        sharedHome: join(this.directory, "shared"),
        // What a power cut would lose, a test does not need. Commits are synchronous nevertheless: without that a killed
        // server forgets those of its last half second.
        parameters: {
          fsync: "off",
          max_connections: "200",
        },
      }),
    )
    const { socketDirectory } = await this.#runtime.runPromise(EmbeddedPostgres)
    rmSync(this.#socketLink, { force: true })
    symlinkSync(socketDirectory, this.#socketLink)
  }

  /** A fast shutdown. */
  async stop(): Promise<void> {
    await this.#runtime?.dispose()
    this.#runtime = null
  }

  /** Kills all its processes at once; answers how many there were. */
  kill(): number {
    return this.#signal("SIGKILL")
  }

  /** Lets nothing of it go on: connections stay, and nobody answers. */
  freeze(): void {
    this.#signal("SIGSTOP")
  }

  thaw(): void {
    this.#signal("SIGCONT")
  }

  #signal(signal: NodeJS.Signals): number {
    const pids = processesIn(realpathSync(join(this.directory, "state/postgres")))
    for (const pid of pids) process.kill(pid, signal)
    return pids.length
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
