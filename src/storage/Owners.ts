import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { Owner } from "../domain/Owner.ts"
import type { Plan } from "../domain/Plan.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import { transaction } from "./transaction.ts"

/** There is no such owner, or not any more. */
export class OwnerNotFound extends Schema.TaggedError<OwnerNotFound>()("OwnerNotFound", {
  ownerId: Schema.Finite,
}) {}

/** An owner who still has cameras cannot be deleted. */
export class OwnerHasCameras extends Schema.TaggedError<OwnerHasCameras>()("OwnerHasCameras", {
  ownerId: Schema.Finite,
  cameraIds: Schema.Array(Schema.Finite),
}) {}

/** An owner whose cameras, also removed ones, have clips cannot be deleted; `clips` are their paths. */
export class OwnerHasClips extends Schema.TaggedError<OwnerHasClips>()("OwnerHasClips", {
  ownerId: Schema.Finite,
  clips: Schema.Array(Schema.String),
}) {}

/** An owner as the database knows it; a deleted one still has the plan that recordings expire by. */
export interface StoredOwner extends Owner {
  readonly deletedAtMillis: number | null
}

export interface NewOwner {
  readonly name: string
  readonly plan: Plan
  readonly quotaBytes?: number | null
}

/** What may change; what is left out stays as it is. */
export interface OwnerChange {
  readonly name?: string | undefined
  readonly plan?: Plan | undefined
  readonly quotaBytes?: number | null | undefined
}

interface OwnerRow {
  readonly id: number
  readonly name: string
  readonly plan: Plan
  readonly quotaBytes: bigint | null
  readonly createdAt: Date
}

const fromRow = ({ id, name, plan, quotaBytes, createdAt }: OwnerRow): Owner => ({
  id,
  name,
  plan,
  quotaBytes: quotaBytes === null ? null : Number(quotaBytes),
  createdAtMillis: createdAt.getTime(),
})

/** Owners of cameras, and their plans. Deleting hides: recordings still expire by the plan. */
export class Owners extends Context.Service<
  Owners,
  {
    create(owner: NewOwner): Effect.Effect<Owner, DatabaseUnavailable>
    readonly list: Effect.Effect<ReadonlyArray<Owner>, DatabaseUnavailable>
    /** Deleted owners too. */
    readonly listAll: Effect.Effect<ReadonlyArray<StoredOwner>, DatabaseUnavailable>
    get(id: number): Effect.Effect<Owner, OwnerNotFound | DatabaseUnavailable>
    update(id: number, change: OwnerChange): Effect.Effect<Owner, OwnerNotFound | DatabaseUnavailable>
    remove(
      id: number,
    ): Effect.Effect<void, OwnerNotFound | OwnerHasCameras | OwnerHasClips | DatabaseUnavailable>
  }
>()("vigia/storage/Owners") {
  static readonly layer: Layer.Layer<Owners, never, SqlClient.SqlClient> = Layer.effect(
    Owners,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const columns = sql.literal("id, name, plan, quota_bytes, created_at")

      const one = (id: number, rows: ReadonlyArray<OwnerRow>): Effect.Effect<Owner, OwnerNotFound> =>
        rows[0] === undefined
          ? Effect.fail(new OwnerNotFound({ ownerId: id }))
          : Effect.succeed(fromRow(rows[0]))

      const create = Effect.fn("Owners.create")(function* ({ name, plan, quotaBytes = null }: NewOwner) {
        const rows =
          yield* sql<OwnerRow>`INSERT INTO owners ${sql.insert({ name, plan, quotaBytes })} RETURNING ${columns}`
        return yield* Effect.orDie(one(0, rows))
      }, orUnavailable)

      const list = sql<OwnerRow>`SELECT ${columns} FROM owners WHERE deleted_at IS NULL ORDER BY id`.pipe(
        Effect.map((rows) => rows.map(fromRow)),
        orUnavailable,
        Effect.withSpan("Owners.list"),
      )

      const listAll = sql<OwnerRow & { readonly deletedAt: Date | null }>`
        SELECT ${columns}, deleted_at FROM owners ORDER BY id`.pipe(
        Effect.map((rows) =>
          rows.map((row) => ({ ...fromRow(row), deletedAtMillis: row.deletedAt?.getTime() ?? null })),
        ),
        orUnavailable,
        Effect.withSpan("Owners.listAll"),
      )

      const get = Effect.fn("Owners.get")(function* (id: number) {
        const rows = yield* sql<OwnerRow>`
          SELECT ${columns} FROM owners WHERE id = ${id} AND deleted_at IS NULL`
        return yield* one(id, rows)
      }, orUnavailable)

      const update = Effect.fn("Owners.update")(function* (id: number, change: OwnerChange) {
        const rows = yield* sql<OwnerRow>`
          UPDATE owners
          SET name = COALESCE(${change.name ?? null}, name), plan = COALESCE(${change.plan ?? null}, plan),
            quota_bytes = CASE WHEN ${change.quotaBytes === undefined} THEN quota_bytes
              ELSE ${change.quotaBytes ?? null}::bigint END
          WHERE id = ${id} AND deleted_at IS NULL RETURNING ${columns}`
        return yield* one(id, rows)
      }, orUnavailable)

      const remove = Effect.fn("Owners.remove")(
        function* (id: number) {
          // Locks the owner first: a camera that is being created for it waits, and then finds no owner.
          const rows = yield* sql<OwnerRow>`
          SELECT ${columns} FROM owners WHERE id = ${id} AND deleted_at IS NULL FOR UPDATE`
          yield* one(id, rows)
          const cameras = yield* sql<{ id: number }>`
          SELECT id FROM cameras WHERE owner_id = ${id} AND deleted_at IS NULL ORDER BY id`
          if (cameras.length > 0) {
            return yield* new OwnerHasCameras({ ownerId: id, cameraIds: cameras.map((camera) => camera.id) })
          }
          const clips = yield* sql<{ filePath: string }>`
          SELECT clips.file_path FROM clips JOIN cameras ON cameras.id = clips.camera_id
          WHERE cameras.owner_id = ${id} AND clips.state IN ('exporting', 'ready')
          ORDER BY clips.file_path LIMIT 100`
          if (clips.length > 0) {
            return yield* new OwnerHasClips({ ownerId: id, clips: clips.map((clip) => clip.filePath) })
          }
          yield* sql`UPDATE owners SET deleted_at = now() WHERE id = ${id}`
        },
        transaction(sql),
        orUnavailable,
      )

      return Owners.of({ create, list, listAll, get, update, remove })
    }),
  )
}
