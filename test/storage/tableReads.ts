import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { CurrentTransformer } from "effect/sql/Statement"

/** What one node of a plan did to a table. */
export interface TableRead {
  readonly table: string
  /** As PostgreSQL names it: `Seq Scan`, `Index Scan`. */
  readonly node: string
  /** By which it found the rows; none where it read them all. */
  readonly indexes: ReadonlyArray<string>
  /** That it looked at, also those that it did not want. */
  readonly rows: number
}

interface PlanNode {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Index Name"?: string
  readonly "Actual Rows": number
  readonly "Actual Loops": number
  readonly "Rows Removed by Filter"?: number
  readonly "Rows Removed by Index Recheck"?: number
  readonly Plans?: ReadonlyArray<PlanNode>
}

const PlanNode: Schema.Codec<PlanNode> = Schema.Struct({
  "Node Type": Schema.String,
  "Relation Name": Schema.optionalKey(Schema.String),
  "Index Name": Schema.optionalKey(Schema.String),
  "Actual Rows": Schema.Finite,
  "Actual Loops": Schema.Finite,
  "Rows Removed by Filter": Schema.optionalKey(Schema.Finite),
  "Rows Removed by Index Recheck": Schema.optionalKey(Schema.Finite),
  Plans: Schema.optionalKey(Schema.Array(Schema.suspend((): Schema.Codec<PlanNode> => PlanNode))),
})
const decodePlan = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ Plan: PlanNode })))

const indexesOf = (node: PlanNode): ReadonlyArray<string> => [
  ...(node["Index Name"] === undefined ? [] : [node["Index Name"]]),
  ...(node["Node Type"].startsWith("Bitmap") ? (node.Plans ?? []).flatMap(indexesOf) : []),
]

const readsIn = (node: PlanNode): ReadonlyArray<TableRead> => {
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0)
  const own =
    node["Relation Name"] === undefined || node["Node Type"] === "ModifyTable"
      ? []
      : [
          {
            table: node["Relation Name"],
            node: node["Node Type"],
            indexes: indexesOf(node),
            rows: (node["Actual Rows"] + removed) * node["Actual Loops"],
          },
        ]
  return [...own, ...(node.Plans ?? []).flatMap(readsIn)]
}

/** Runs an effect and takes back what it wrote. */
const rolledBack = <A, E, R>(sql: SqlClient.SqlClient, effect: Effect.Effect<A, E, R>) =>
  Effect.flip(sql.withTransaction(Effect.flip(effect)))

/** How the statements of an effect read the tables, by their plans as executed; nothing that they write stays. */
export const tableReads = <E, R>(
  effect: Effect.Effect<unknown, E, R>,
): Effect.Effect<ReadonlyArray<TableRead>, unknown, R | SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const statements: Array<readonly [string, ReadonlyArray<unknown>]> = []
    yield* rolledBack(
      sql,
      effect.pipe(
        Effect.provideService(CurrentTransformer, (statement) =>
          Effect.sync(() => {
            statements.push(statement.compile())
            return statement
          }),
        ),
      ),
    )
    const plans = yield* Effect.forEach(statements, ([text, parameters]) =>
      rolledBack(
        sql,
        sql.unsafe<Record<string, unknown>>(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, parameters),
      ),
    )
    return plans.flatMap(([row]) =>
      decodePlan(Object.values(row ?? {})[0]).flatMap(({ Plan }) => readsIn(Plan)),
    )
  })
