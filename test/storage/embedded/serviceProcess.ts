import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EmbeddedPostgres } from "../../../src/storage/embedded/EmbeddedPostgres.ts"

/** A service that holds an embedded server until it is killed: `node serviceProcess.ts STATE_DIRECTORY SHARED_HOME`. */
const [, , stateDirectory = "", sharedHome = ""] = process.argv
const announced = Layer.effectDiscard(
  Effect.flatMap(EmbeddedPostgres, ({ socketDirectory }) =>
    Effect.sync(() => process.stdout.write(`${socketDirectory}\n`)),
  ),
)
await Effect.runPromise(
  Layer.launch(announced.pipe(Layer.provide(EmbeddedPostgres.layer({ stateDirectory, sharedHome })))),
)
