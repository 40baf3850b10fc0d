import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { databaseLayer } from "../../src/storage/Database.ts"
import { makeTestDatabase } from "../support/database.ts"

const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ tableName: string }>`
    SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`
  return rows.map(({ tableName }) => tableName)
})

describe("databaseLayer", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  beforeAll(async () => {
    database = await makeTestDatabase()
  })
  afterAll(() => database.dispose())

  it("migrates an empty database, and a second start changes nothing", async () => {
    const first = await Effect.runPromise(tables.pipe(Effect.provide(databaseLayer(database.settings))))
    expect(first).toEqual([
      "cameras",
      "effect_sql_migrations",
      "enabled_periods",
      "gaps",
      "owners",
      "recordings",
      "service_state",
    ])
    const second = await Effect.runPromise(tables.pipe(Effect.provide(databaseLayer(database.settings))))
    expect(second).toEqual(first)
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
