import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { databaseLayer } from "../../src/storage/Database.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import { OwnServer } from "../support/OwnServer.ts"

const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ tableName: string }>`
    SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`
  return rows.map(({ tableName }) => tableName)
})

/** A log as lines. */
const makeLog = () => {
  const lines: Array<string> = []
  return { lines, layer: Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]) }
}

describe("databaseLayer", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  beforeAll(async () => {
    database = await makeTestDatabase()
  })
  afterAll(() => database.dispose())

  it("migrates an empty database, and a second start changes nothing", async () => {
    const first = await Effect.runPromise(tables.pipe(Effect.provide(databaseLayer(database.settings))))
    expect(first).toEqual([
      "alerts",
      "cameras",
      "cleanup_passes",
      "clips",
      "deletions",
      "effect_sql_migrations",
      "enabled_periods",
      "gaps",
      "lived_time",
      "owners",
      "protected_files",
      "recordings",
      "service_state",
    ])
    const second = await Effect.runPromise(tables.pipe(Effect.provide(databaseLayer(database.settings))))
    expect(second).toEqual(first)
  })

  it("waits for a server that does not answer yet, and names it in the log without its password", async () => {
    const { lines, layer } = makeLog()
    const server = new OwnServer()
    const { socketDirectory, user, database: name } = server.address
    const url = Redacted.make(`postgres://${user}:s3cret@localhost/${name}?host=${socketDirectory}`)
    const waiting = Effect.runPromise(
      tables.pipe(Effect.provide(databaseLayer({ kind: "url", url }).pipe(Layer.provideMerge(layer)))),
    )
    try {
      await awaitFact("it waits", () => lines.length > 0)
      await server.start()
      expect(await waiting).toContain("recordings")
      expect(lines[0]).toMatch(/The database at .*vigia-own-.* \(port 5432\) does not answer \(ENOENT\)/)
      expect(lines.at(-1)).toMatch(/answers, after \d+ s/)
      expect(lines.join(" ")).not.toMatch(/s3cret|postgres:/)
    } finally {
      await server.remove()
    }
  })

  it("waits for a server that hangs", async () => {
    const server = await OwnServer.start()
    const { lines, layer } = makeLog()
    const { socketDirectory: host, port, user, database: name } = server.address
    const settings = {
      kind: "server",
      host,
      port,
      user,
      password: Redacted.make(""),
      database: name,
    } as const
    try {
      server.freeze()
      const waiting = Effect.runPromise(
        tables.pipe(Effect.provide(databaseLayer(settings).pipe(Layer.provideMerge(layer)))),
      )
      await awaitFact("it waits", () => lines.length > 0)
      expect(lines[0]).toContain("does not answer (connection timed out)")
      server.thaw()
      expect(await waiting).toContain("recordings")
    } finally {
      server.thaw()
      await server.remove()
    }
  })

  it("does not wait for a database that does not exist", async () => {
    const wrong = databaseLayer({ ...database.settings, database: "nothing" })
    const error = await Effect.runPromise(tables.pipe(Effect.provide(wrong), Effect.flip))
    expect(String(error)).toMatch(/database "nothing" does not exist/)
  })

  it("names the cause when the database refuses, without its password", async () => {
    const { host, port, database: name } = database.settings
    const wrong = databaseLayer({
      kind: "server",
      host,
      port,
      user: "nobody-here",
      password: Redacted.make("s3cret"),
      database: name,
    })
    const error = await Effect.runPromise(tables.pipe(Effect.provide(wrong), Effect.flip))
    expect(error).toMatchObject({ _tag: "DatabaseStartError" })
    expect(String(error)).toMatch(/role "nobody-here" does not exist/)
    expect(JSON.stringify(error)).not.toContain("s3cret")
  })
})
