import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"

/** There is no such recording, or it is being deleted. */
export class RecordingNotFound extends Schema.TaggedError<RecordingNotFound>()("RecordingNotFound", {
  recordingId: Schema.Finite,
}) {}

/** Recordings that stay where they are: neither retention nor disk pressure deletes them. */
export class RecordingProtection extends Context.Service<
  RecordingProtection,
  {
    set(id: number, isProtected: boolean): Effect.Effect<void, RecordingNotFound | DatabaseUnavailable>
  }
>()("vigia/storage/RecordingProtection") {
  static readonly layer: Layer.Layer<RecordingProtection, never, SqlClient.SqlClient> = Layer.effect(
    RecordingProtection,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const set = Effect.fn("RecordingProtection.set")(function* (id: number, isProtected: boolean) {
        const rows = yield* sql`
          UPDATE recordings SET is_protected = ${isProtected}
          WHERE id = ${BigInt(id)} AND deleting_at IS NULL RETURNING id`
        if (rows.length === 0) return yield* new RecordingNotFound({ recordingId: id })
      }, orUnavailable)
      return RecordingProtection.of({ set })
    }),
  )
}
