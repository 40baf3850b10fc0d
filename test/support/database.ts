import { randomBytes } from "node:crypto"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import { SqlClient as Sql } from "effect/sql/SqlClient"
import { inject } from "vitest"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import type { SharedServer } from "./postgresServer.ts"

type ServerSettings = Extract<DatabaseSettings, { readonly kind: "server" }>

const settingsOf = (server: SharedServer, database: string): ServerSettings => ({
  kind: "server",
  host: server.socketDirectory,
  port: server.port,
  user: server.user,
  password: Redacted.make(""),
  database,
})

const administer = (
  server: SharedServer,
  statement: (sql: SqlClient.SqlClient) => Effect.Effect<unknown, unknown>,
): Promise<void> => {
  const { host, port, user, password, database } = settingsOf(server, server.database)
  return Effect.runPromise(
    Effect.flatMap(Sql, statement).pipe(
      Effect.asVoid,
      Effect.provide(PgClient.layer({ host, port, username: user, password, database })),
    ),
  )
}

/**
 * An empty database of its own on a server, that of this run of vitest unless given; `dispose` drops it, even
 * with open connections.
 */
export const makeTestDatabase = async (
  server: SharedServer = inject("postgresServer"),
): Promise<{
  readonly settings: ServerSettings
  readonly dispose: () => Promise<void>
}> => {
  const name = `test_${randomBytes(8).toString("hex")}`
  await administer(server, (sql) => sql.unsafe(`CREATE DATABASE ${name}`))
  return {
    settings: settingsOf(server, name),
    dispose: () => administer(server, (sql) => sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  }
}

/** The rows of a query as JSON; what JSON does not know, such as a time, is text. */
export const readRows = async (
  { host, port, user, password, database }: ServerSettings,
  query: string,
): Promise<ReadonlyArray<unknown>> => {
  const rows = await Effect.runPromise(
    Effect.flatMap(Sql, (sql) =>
      sql.unsafe<{ json: unknown }>(`WITH q AS (${query}) SELECT to_jsonb(q) AS json FROM q`),
    ).pipe(Effect.provide(PgClient.layer({ host, port, username: user, password, database }))),
  )
  return rows.map(({ json }) => json)
}
