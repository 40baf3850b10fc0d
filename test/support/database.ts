import { randomBytes } from "node:crypto"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import { SqlClient as Sql } from "effect/sql/SqlClient"
import { inject } from "vitest"
import type { DatabaseSettings } from "../../src/storage/Database.ts"

type ServerSettings = Extract<DatabaseSettings, { readonly kind: "server" }>

const sharedServer = (database?: string): ServerSettings => {
  const server = inject("postgresServer")
  return {
    kind: "server",
    host: server.socketDirectory,
    port: server.port,
    user: server.user,
    password: Redacted.make(""),
    database: database ?? server.database,
  }
}

const administer = (
  statement: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>,
): Promise<void> => {
  const { host, port, user, password, database } = sharedServer()
  return Effect.runPromise(
    Effect.flatMap(Sql, statement).pipe(
      Effect.asVoid,
      Effect.provide(PgClient.layer({ host, port, username: user, password, database })),
    ),
  )
}

/** An empty database of its own on the server of this run; `dispose` drops it, even with open connections. */
export const makeTestDatabase = async (): Promise<{
  readonly settings: ServerSettings
  readonly dispose: () => Promise<void>
}> => {
  const name = `test_${randomBytes(8).toString("hex")}`
  await administer((sql) => sql.unsafe(`CREATE DATABASE ${name}`))
  return {
    settings: sharedServer(name),
    dispose: () => administer((sql) => sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  }
}
