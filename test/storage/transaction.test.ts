import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { databaseLayer } from "../../src/storage/Database.ts"
import { orUnavailableWithin } from "../../src/storage/DatabaseUnavailable.ts"
import { transaction } from "../../src/storage/transaction.ts"
import { makeTestDatabase } from "../support/database.ts"

describe("transaction", () => {
  let database: Awaited<ReturnType<typeof makeTestDatabase>>
  beforeAll(async () => {
    database = await makeTestDatabase()
  })
  afterAll(() => database.dispose())
  const run = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>): Promise<A> =>
    Effect.runPromise(effect.pipe(Effect.provide(databaseLayer(database.settings))))

  const backendPid = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`
    return row?.pid ?? 0
  })

  it("fails like any call when its connection ends within it, and the next one works", async () => {
    await run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const cut = Effect.gen(function* () {
          process.kill(yield* backendPid, "SIGTERM")
          yield* sql`SELECT pg_sleep(10)`
        }).pipe(transaction(sql), orUnavailableWithin("10 seconds"))
        expect(yield* Effect.flip(cut)).toMatchObject({ _tag: "DatabaseUnavailable" })
        expect(yield* backendPid.pipe(transaction(sql))).toBeGreaterThan(0)
      }),
    )
  })

  it("holds nobody up while its server hangs, and rolls back when it goes on", async () => {
    await run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE hung (n integer)`
        let pid = 0
        const startedAt = performance.now()
        const hung = Effect.gen(function* () {
          pid = yield* backendPid
          yield* sql`INSERT INTO hung VALUES (1)`
          // From here on BEGIN, COMMIT and ROLLBACK get no answer.
          process.kill(pid, "SIGSTOP")
          return yield* Effect.never
        }).pipe(transaction(sql), orUnavailableWithin("1 second"))
        const error = yield* Effect.flip(hung).pipe(
          Effect.ensuring(Effect.sync(() => process.kill(pid, "SIGCONT"))),
        )
        expect(error).toMatchObject({ reason: "Timeout" })
        expect(performance.now() - startedAt).toBeLessThan(4000)
        expect(yield* sql`SELECT n FROM hung`).toEqual([])
      }),
    )
  })

  it("is undone as a whole when it is interrupted", async () => {
    await run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE undone (n integer)`
        const inserted = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          sql`INSERT INTO undone VALUES (1)`.pipe(
            Effect.andThen(Deferred.succeed(inserted, undefined)),
            Effect.andThen(Effect.never),
            transaction(sql),
          ),
        )
        yield* Deferred.await(inserted)
        yield* Fiber.interrupt(fiber)
        expect(yield* sql`SELECT n FROM undone`).toEqual([])
      }),
    )
  })
})
