import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { byCamera, type CatalogBatch, pieces, sizeOf } from "./catalogBatch.ts"
import { isUnavailable, orUnavailableWithin } from "./DatabaseUnavailable.ts"
import type { EnabledPeriods } from "./EnabledPeriods.ts"
import type { Gaps } from "./Gaps.ts"
import type { Recordings } from "./Recordings.ts"
import { messageOf, RowsRejected } from "./RowsRejected.ts"
import { transaction } from "./transaction.ts"

/** Whose rows the database does not take, and its own sentence why; it holds no value of a row. */
export interface Refusal {
  readonly cameraId: number
  readonly reason: string
}

/** Which state of which life's memory a write leaves in the database. */
export interface WriteNote {
  /** A UUID of the life of the service. */
  readonly life: string
  /** Grows with every state of one life that is taken for writing, in whatever place. */
  readonly stateNumber: number
  /** The service was there at this instant; null leaves the last one. */
  readonly seenAtMillis: number | null
}

/** Rows that an earlier life could not bring to the database. */
export interface LeftRows extends WriteNote {
  readonly rows: CatalogBatch
}

/**
 * What became of left rows: `written`; `stale`, when their life stored a later state itself; or `foreign`, when
 * another life than theirs wrote last, so that nobody can tell which are newer.
 */
export interface TakeOver {
  readonly leftRows: "none" | "written" | "stale" | "foreign"
  readonly refused: ReadonlyArray<Refusal>
}

/** A statement of some thousand rows takes well under a second; a slow disk is not a database that is away. */
const patience = (batch: CatalogBatch): Duration.Input =>
  Duration.millis(10_000 + Math.ceil(sizeOf(batch) / 2))

/** How the catalog's rows are written: all or none, as one state of the service's memory. */
export const makeCatalogWrites = (
  sql: SqlClient.SqlClient,
  tables: {
    readonly recordings: Recordings["Service"]
    readonly gaps: Gaps["Service"]
    readonly periods: EnabledPeriods["Service"]
  },
) => {
  // First of all statements: two writes of the catalog wait for each other, and end in their order.
  const note = ({ life, stateNumber, seenAtMillis }: WriteNote) => sql`
    UPDATE service_state SET writer_life = ${life}::uuid, state_number = ${stateNumber}::int8,
      last_seen_at = COALESCE(${seenAtMillis === null ? null : new Date(seenAtMillis)}::timestamptz, last_seen_at)`

  const insert = Effect.fnUntraced(function* (batch: CatalogBatch) {
    for (const rows of pieces(batch.periods)) yield* tables.periods.upsertMany(rows)
    for (const rows of pieces(batch.recordings)) yield* tables.recordings.upsertMany(rows)
    for (const rows of pieces(batch.gaps)) yield* tables.gaps.upsertMany(rows)
  })

  /** Rows of one camera that the database refuses do not keep back those of the others. */
  const insertApart = Effect.fnUntraced(function* (batch: CatalogBatch) {
    const refused: Array<Refusal> = []
    for (const [cameraId, rows] of byCamera(batch)) {
      yield* sql.withTransaction(insert(rows)).pipe(
        Effect.catchIf(
          (error) => !isUnavailable(error),
          (error) => Effect.sync(() => void refused.push({ cameraId, reason: messageOf(error) })),
        ),
      )
    }
    return refused
  })

  const write = Effect.fn("CatalogStore.write")(
    function* (batch: CatalogBatch, written: WriteNote) {
      yield* note(written)
      yield* insert(batch)
    },
    transaction(sql),
    Effect.catchIf(
      (error) => !isUnavailable(error),
      (error) => Effect.fail(new RowsRejected({ reason: messageOf(error) })),
    ),
    (effect, batch) => orUnavailableWithin(patience(batch))(effect),
  )

  const writeApart = Effect.fn("CatalogStore.writeApart")(
    function* (batch: CatalogBatch, written: WriteNote) {
      yield* note(written)
      return yield* insertApart(batch)
    },
    transaction(sql),
    (effect, batch) => orUnavailableWithin(patience(batch))(effect),
  )

  const takeOver = Effect.fn("CatalogStore.takeOver")(
    function* (life: string, left: LeftRows | null) {
      const [state] = yield* sql<{ writerLife: string | null; stateNumber: bigint | null }>`
        SELECT writer_life, state_number FROM service_state FOR UPDATE`
      const lastLife = state?.writerLife ?? null
      // The answer to an earlier try was lost.
      if (lastLife === life) return { leftRows: left === null ? "none" : "written", refused: [] } as const
      // A database that no life wrote to, a new or a rebuilt one, holds nothing that could be newer.
      const isNewer =
        left !== null &&
        (lastLife === null || (left.life === lastLife && left.stateNumber > (state?.stateNumber ?? 0)))
      const refused = isNewer ? yield* insertApart(left.rows) : []
      yield* note({ life, stateNumber: 0, seenAtMillis: isNewer ? left.seenAtMillis : null })
      if (left === null) return { leftRows: "none", refused } as const
      if (isNewer) return { leftRows: "written", refused } as const
      return { leftRows: left.life === lastLife ? "stale" : "foreign", refused } as const
    },
    transaction(sql),
    (effect, _life, left) => orUnavailableWithin(left === null ? "10 seconds" : patience(left.rows))(effect),
  )

  return { write, writeApart, takeOver }
}
