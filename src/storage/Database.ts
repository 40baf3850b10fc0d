import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import * as MigratorFileSystem from "effect/sql/MigratorFileSystem"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as String from "effect/String"
import { redact } from "../logging/redact.ts"
import type { DatabaseSettings } from "../config/Settings.ts"
import { databasePlace } from "./databasePlace.ts"
import { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import { EmbeddedPostgres } from "./embedded/EmbeddedPostgres.ts"
import type { EmbeddedPostgresError } from "./embedded/EmbeddedPostgresError.ts"
import { untilDatabaseAnswers } from "./untilDatabaseAnswers.ts"

/** The database cannot be used at start; the message holds no secret. */
export class DatabaseStartError extends Schema.TaggedError<DatabaseStartError>()("DatabaseStartError", {
  message: Schema.String,
}) {}

const migrationsDirectory = fileURLToPath(new URL("../../migrations", import.meta.url))

const pool = {
  maxConnections: 6,
  connectTimeout: "5 seconds",
  // A peer that is gone without a word is noticed within a minute.
  keepAlive: "30 seconds",
  applicationName: "vigia",
  transformQueryNames: String.camelToSnake,
  transformResultNames: String.snakeToCamel,
  // Documents are passed and read with the names they have.
  transformJson: false,
} as const

const oldestServerVersion = 130_000

const answerTimeout = "10 seconds"

const startError = (error: SqlError): DatabaseStartError => {
  const { cause } = error.reason
  return new DatabaseStartError({
    message: redact(`Cannot use the database: ${cause instanceof Error ? cause.message : error.reason._tag}`),
  })
}

type ServerSettings = Exclude<DatabaseSettings, { readonly kind: "embedded" }>

/** A host that begins with `/` is the directory of a unix socket. */
const clientLayer = (
  settings: ServerSettings,
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
  }>`SELECT current_setting('server_version_num')::int AS version`.pipe(
    Effect.timeoutOrElse({
      duration: answerTimeout,
      orElse: () => Effect.fail(new DatabaseUnavailable({ reason: "timed out" })),
    }),
  )
  if ((server?.version ?? 0) < oldestServerVersion) {
    return yield* new DatabaseStartError({ message: "The database must be PostgreSQL 13 or newer" })
  }
  yield* Migrator.make({})({ loader: MigratorFileSystem.fromFileSystem(migrationsDirectory) }).pipe(
    // The client dies of a connection that ends within its transaction.
    Effect.catchDefect((defect) => (isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect))),
  )
})

/** Connected and migrated, however long the database takes to answer. */
const preparedLayer = (
  settings: ServerSettings,
): Layer.Layer<SqlClient.SqlClient, DatabaseStartError, FileSystem.FileSystem | Path.Path> =>
  Layer.effectDiscard(
    prepare.pipe(
      untilDatabaseAnswers(`The database at ${databasePlace(settings)}`),
      Effect.mapError((error) =>
        isSqlError(error) ? startError(error) : new DatabaseStartError({ message: redact(error.message) }),
      ),
    ),
  ).pipe(Layer.provideMerge(clientLayer(settings)))

const embeddedLayer = (stateDirectory: string) =>
  Layer.unwrap(
    Effect.map(EmbeddedPostgres, (server) =>
      preparedLayer({
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
 * A database that does not answer at start is waited for without end; a fault that waiting cannot cure, such as a
 * wrong password, fails. Once the layer is built the database may go away: calls fail with `SqlError` until it is back.
 */
export const databaseLayer = (
  settings: DatabaseSettings,
): Layer.Layer<SqlClient.SqlClient, DatabaseStartError | EmbeddedPostgresError> =>
  (settings.kind === "embedded" ? embeddedLayer(settings.stateDirectory) : preparedLayer(settings)).pipe(
    Layer.provide([NodeFileSystem.layer, NodePath.layer]),
  )
