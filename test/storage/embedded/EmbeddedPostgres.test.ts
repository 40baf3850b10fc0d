import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { EmbeddedPostgres } from "../../../src/storage/embedded/EmbeddedPostgres.ts"
import { isPostmasterOf, processesIn, readPostmaster } from "../../../src/storage/embedded/postmaster.ts"
import { awaitFact } from "../../support/awaitFact.ts"

const service = fileURLToPath(new URL("./serviceProcess.ts", import.meta.url))

describe("EmbeddedPostgres", () => {
  let root: string
  let stateDirectory: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "vigia-embedded-"))
    chmodSync(root, 0o755)
    stateDirectory = join(root, "state")
  })
  afterEach(() => {
    const left = existsSync(join(stateDirectory, "postgres")) ? processesIn(dataDirectory()) : []
    rmSync(root, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`A server is left: ${left.join(", ")}`)
  })
  const dataDirectory = () => realpathSync(join(stateDirectory, "postgres"))
  const postmaster = () => readPostmaster(dataDirectory())

  /** Starts the server, runs the statements, and stops it. */
  const life = <A, E>(
    effect: Effect.Effect<A, E, EmbeddedPostgres | SqlClient.SqlClient>,
    parameters: Readonly<Record<string, string>> = {},
  ) => {
    const server = EmbeddedPostgres.layer({ stateDirectory, parameters, sharedHome: join(root, "shared") })
    const client = Layer.unwrap(
      Effect.map(EmbeddedPostgres, ({ socketDirectory, port, user, database }) =>
        PgClient.layer({ host: socketDirectory, port, username: user, database }),
      ),
    )
    return Effect.runPromise(effect.pipe(Effect.provide(client.pipe(Layer.provideMerge(server)))))
  }
  const write = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE kept (n integer)`
    yield* sql`INSERT INTO kept VALUES (42)`
    return yield* EmbeddedPostgres
  })
  const read = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ n: number }>`SELECT n FROM kept`
    return { n: rows[0]?.n, server: yield* EmbeddedPostgres }
  })
  /** A service in a process of its own, killed once its server runs. */
  const killedService = async () => {
    const child = spawn(process.execPath, [service, stateDirectory, join(root, "shared")], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    await once(child.stdout, "data")
    child.kill("SIGKILL")
    await once(child, "exit")
  }

  it("keeps its data from one life to the next, on a private unix socket, and leaves no process behind", async () => {
    const first = await life(
      Effect.gen(function* () {
        const server = yield* write
        const sql = yield* SqlClient.SqlClient
        const settings = yield* sql`
          SELECT current_setting('listen_addresses') AS addresses, current_setting('fsync') AS fsync`
        expect(settings).toEqual([{ addresses: "", fsync: "on" }])
        expect(statSync(server.socketDirectory).mode & 0o777).toBe(0o700)
        return server
      }),
    )
    expect(first.adopted).toBe(false)
    expect(postmaster()).toBeUndefined()
    expect(existsSync(first.socketDirectory)).toBe(false)
    const { n } = await life(read)
    expect(n).toBe(42)
  })

  it("adopts the server of a service that was killed", async () => {
    await killedService()
    const before = postmaster()
    expect(before?.status).toBe("ready")
    const server = await life(write)
    expect(server.adopted).toBe(true)
    expect(server.socketDirectory).toBe(before?.socketDirectory)
    expect(postmaster()).toBeUndefined()
  })

  it("starts again after service and server were killed", async () => {
    await killedService()
    const { pid, socketDirectory } = postmaster() ?? { pid: 0, socketDirectory: "" }
    expect(pid).toBeGreaterThan(1)
    process.kill(pid, "SIGKILL")
    // A signal takes a moment; until then the server is adopted, and resets the connections it is asked for.
    await awaitFact("the server has died", () => !isPostmasterOf(pid, dataDirectory()))
    const server = await life(write)
    expect(server.adopted).toBe(false)
    expect(existsSync(socketDirectory)).toBe(false)
  })

  it("takes no foreign process for its server that was given the number of its own", async () => {
    await life(write)
    const foreign = spawn("sleep", ["600"], { stdio: "ignore" })
    try {
      const lines = [foreign.pid, dataDirectory(), 0, 5432, "/tmp/vigia-abcdef", "", "", "ready"]
      writeFileSync(join(dataDirectory(), "postmaster.pid"), `${lines.join("\n")}\n`)
      const { n, server } = await life(read)
      expect(n).toBe(42)
      expect(server.adopted).toBe(false)
      expect(foreign.exitCode ?? foreign.signalCode).toBeNull()
    } finally {
      foreign.kill("SIGKILL")
    }
  })

  it("starts a server again that dies beside a living service, with every committed row", async () => {
    await life(
      Effect.gen(function* () {
        yield* write
        const before = postmaster()?.pid ?? 0
        process.kill(before, "SIGKILL")
        const again = yield* Effect.sync(postmaster).pipe(
          Effect.repeat({
            until: (found) => found?.status === "ready" && found.pid !== before,
            schedule: Schedule.spaced("20 millis"),
          }),
          Effect.timeout("30 seconds"),
          Effect.orDie,
        )
        const { n, server } = yield* read.pipe(Effect.retry({ times: 3 }), Effect.orDie)
        expect(n).toBe(42)
        expect(again?.socketDirectory).toBe(server.socketDirectory)
      }),
    )
  })

  it("runs from a path that is too long for a socket", async () => {
    stateDirectory = join(root, "x".repeat(120), "state")
    await life(write)
    expect((await life(read)).n).toBe(42)
  })

  it.runIf(process.getuid?.() === 0)("runs below a private home that its user cannot enter", async () => {
    const home = join(root, "home")
    mkdirSync(home, { mode: 0o700 })
    stateDirectory = join(home, "state")
    await life(write)
    expect(lstatSync(join(stateDirectory, "postgres")).isSymbolicLink()).toBe(true)
    expect(dataDirectory().startsWith(join(root, "shared"))).toBe(true)
    expect((await life(read)).n).toBe(42)
  })

  it("says why when the server does not start", async () => {
    const error = await life(write, { shared_buffers: "nonsense" }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ _tag: "EmbeddedPostgresError" })
    expect(String(error)).toContain("shared_buffers")
  })
})
