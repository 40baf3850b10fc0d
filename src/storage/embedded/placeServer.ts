import { realpathSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { type Binaries, binariesFor, sharedHome } from "./binaries.ts"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import { serverHome } from "./placement.ts"
import { type ServerUser, serverUser } from "./serverUser.ts"

export interface EmbeddedPostgresOptions {
  /** The data directory is `<stateDirectory>/postgres`, the server's log `<stateDirectory>/postgres.log`. */
  readonly stateDirectory: string
  /** Further settings of the server, such as `fsync`. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Where data and programs go while a parent of the state directory is private to root. */
  readonly sharedHome?: string
}

/** Everything a server needs to start. */
export interface ServerPlace {
  readonly user: ServerUser | undefined
  readonly binaries: Binaries
  readonly dataDirectory: string
  readonly logPath: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Finds programs, user and directories for the server, and makes the directories. */
export const placeServer = (
  options: EmbeddedPostgresOptions,
): Effect.Effect<ServerPlace, EmbeddedPostgresError> =>
  Effect.try({
    try: () => {
      const user = serverUser()
      const shared = options.sharedHome ?? sharedHome
      const home = serverHome(options.stateDirectory, user, shared)
      return {
        user,
        binaries: binariesFor(user, shared),
        dataDirectory: join(home, "postgres"),
        logPath: join(realpathSync(options.stateDirectory), "postgres.log"),
        parameters: options.parameters ?? {},
      }
    },
    catch: (error) =>
      error instanceof EmbeddedPostgresError
        ? error
        : new EmbeddedPostgresError({
            message: `Cannot prepare the embedded PostgreSQL: ${error instanceof Error ? error.message : String(error)}`,
          }),
  })
