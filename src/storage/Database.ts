import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import * as MigratorFileSystem from "effect/sql/MigratorFileSystem"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as String from "effect/String"
import { redact } from "../logging/redact.ts"
import type { DatabaseSettings } from "../config/Settings.ts"
import { isUnavailable } from "./DatabaseUnavailable.ts"
import { EmbeddedPostgres } from "./embedded/EmbeddedPostgres.ts"
import type { EmbeddedPostgresError } from "./embedded/EmbeddedPostgresError.ts"

/** The database cannot be used at start; the message holds no secret. */
export class DatabaseStartError extends Schema.TaggedError<DatabaseStartError>()("DatabaseStartError", {
  message: Schema.String,
}) {}

const migrationsDirectory = fileURLToPath(new URL("../../migrations", import.meta.url))

const pool = {
  maxConnections: 6,
  connectTimeout: "5 seconds",
  applicationName: "vigia",
  transformQueryNames: String.camelToSnake,
  transformResultNames: String.snakeToCamel,
  // Documents are passed and read with the names they have.
  transformJson: false,
} as const

const oldestServerVersion = 130_000

/** How long the service waits at start for a database that does not answer yet. */
const startPatience = "30 seconds"

const startError = (error: SqlError): DatabaseStartError => {
  const { cause } = error.reason
  return new DatabaseStartError({
    message: redact(`Cannot use the database: ${cause instanceof Error ? cause.message : error.reason._tag}`),
  })
}

/** A host that begins with `/` is the directory of a unix socket. */
const clientLayer = (
  settings: Exclude<DatabaseSettings, { readonly kind: "embedded" }>,
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseStartError> =>
  PgClient.layerFrom(
    PgClient.make(
      settings.kind === "url"
        ? { ...pool, url: settings.url }
        : {
            ...pool,
            host: settings.host,
            port: settings.port,
            username: settings.user,
            password: settings.password,
            database: settings.database,
          },
    ).pipe(Effect.mapError(startError)),
  )

const prepare = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [server] = yield* sql<{
    version: number
  }>`SELECT current_setting('server_version_num')::int AS version`
  if ((server?.version ?? 0) < oldestServerVersion) {
    return yield* new DatabaseStartError({ message: "The database must be PostgreSQL 13 or newer" })
  }
  yield* Migrator.make({})({ loader: MigratorFileSystem.fromFileSystem(migrationsDirectory) })
}).pipe(
  Effect.retry({
    while: (error) =>
      isSqlError(error) && error.reason._tag !== "AuthenticationError" && isUnavailable(error),
    schedule: Schedule.spaced("500 millis").pipe(Schedule.upTo({ duration: startPatience })),
  }),
  Effect.mapError((error) =>
    isSqlError(error) ? startError(error) : new DatabaseStartError({ message: redact(error.message) }),
  ),
)

const embeddedLayer = (
  stateDirectory: string,
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseStartError | EmbeddedPostgresError> =>
  Layer.unwrap(
    Effect.map(EmbeddedPostgres, (server) =>
      clientLayer({
        kind: "server",
        host: server.socketDirectory,
        port: server.port,
        user: server.user,
        password: Redacted.make(""),
        database: server.database,
      }),
    ),
  ).pipe(Layer.provide(EmbeddedPostgres.layer({ stateDirectory })))

/**
 * The `SqlClient` of the catalog: connected, migrated, with camelCase in TypeScript and snake_case in SQL.
 *
 * A database that does not answer at start is tried for 30 s. Once the layer is built the database may go away:
 * calls fail with `SqlError` until it is back.
 */
export const databaseLayer = (
  settings: DatabaseSettings,
): Layer.Layer<SqlClient.SqlClient, DatabaseStartError | EmbeddedPostgresError> =>
  Layer.effectDiscard(prepare).pipe(
    Layer.provideMerge(
      settings.kind === "embedded" ? embeddedLayer(settings.stateDirectory) : clientLayer(settings),
    ),
    Layer.provide([NodeFileSystem.layer, NodePath.layer]),
  )
