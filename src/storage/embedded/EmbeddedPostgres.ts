import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import { type EmbeddedPostgresOptions, placeServer } from "./placeServer.ts"
import { makeRunner } from "./runServer.ts"
import { serverRole } from "./serverFiles.ts"

const superviseInterval = "1 second"

/**
 * A PostgreSQL of Vigia's own, on a unix socket only.
 *
 * A server that outlived an earlier life of the service is adopted; one that dies is started again. The
 * release is a fast shutdown and waits for its end. The server is detached, so that Ctrl-C reaches the service first.
 */
export class EmbeddedPostgres extends Context.Service<
  EmbeddedPostgres,
  {
    readonly socketDirectory: string
    readonly port: number
    readonly user: string
    readonly database: string
    /** Whether this life found the server running. */
    readonly adopted: boolean
  }
>()("vigia/storage/EmbeddedPostgres") {
  static readonly layer = (
    options: EmbeddedPostgresOptions,
  ): Layer.Layer<EmbeddedPostgres, EmbeddedPostgresError> =>
    Layer.effect(
      EmbeddedPostgres,
      Effect.gen(function* () {
        const runner = makeRunner(yield* placeServer(options))
        // Registered first: an interrupted start leaves no server behind either.
        yield* Effect.addFinalizer(() => runner.stop)
        const { postmaster, adopted } = yield* runner.run
        yield* Effect.suspend(() =>
          runner.isRunning()
            ? Effect.void
            : Effect.logWarning("The embedded PostgreSQL has ended: starting it again").pipe(
                Effect.andThen(runner.run),
                Effect.catch((error) => Effect.logError(error.message)),
              ),
        ).pipe(Effect.repeat(Schedule.spaced(superviseInterval)), Effect.forkScoped)
        return EmbeddedPostgres.of({
          socketDirectory: postmaster.socketDirectory,
          port: postmaster.port,
          user: serverRole,
          database: "postgres",
          adopted,
        })
      }),
    )
}
