import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcRef from "effect/RcRef"
import * as Schema from "effect/Schema"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { RequestThread } from "../threads/RequestThread.ts"
import type { DeletionAnswer, DeletionRequest } from "./deletionMessages.ts"

/** The thread that unlinks ended: a fault of ours, or the recordings directory cannot be read at all. */
export class RemovalFailed extends Schema.TaggedError<RemovalFailed>()("RemovalFailed", {
  message: Schema.String,
}) {}

/** The thread starts within 0.1 s; idle it is not worth its memory. */
const idleTimeToLive = "30 seconds"

/** Unlinks files of recordings, outside the event loop; one request at a time. */
export class FileRemoval extends Context.Service<
  FileRemoval,
  {
    unlink(request: DeletionRequest): Effect.Effect<DeletionAnswer, RemovalFailed>
  }
>()("vigia/cleanup/FileRemoval") {
  static readonly layer: Layer.Layer<FileRemoval, never, RecordingsDirectory> = Layer.effect(
    FileRemoval,
    Effect.gen(function* () {
      const directory = yield* RecordingsDirectory
      const threads = yield* RcRef.make({
        acquire: Effect.acquireRelease(
          Effect.sync(
            () =>
              new RequestThread<DeletionRequest, DeletionAnswer>({
                module: new URL("deletionWorker.ts", import.meta.url),
                name: "deletion",
                data: directory.path,
              }),
          ),
          (thread) => Effect.promise(() => thread.close()),
        ),
        idleTimeToLive,
      })
      const unlink = (request: DeletionRequest) =>
        RcRef.get(threads).pipe(
          Effect.flatMap((thread) =>
            Effect.tryPromise({
              try: () => thread.ask(request),
              catch: (error) =>
                new RemovalFailed({ message: error instanceof Error ? error.message : String(error) }),
            }),
          ),
          // It failed, or still works on what nobody waits for.
          Effect.onError(() => RcRef.invalidate(threads)),
          Effect.scoped,
        )
      return FileRemoval.of({ unlink })
    }),
  )
}
