import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { CatalogStore } from "../../src/storage/CatalogStore.ts"
import { leftRows } from "./leftRows.ts"
import { batchOf, gap, TakeOverScene } from "./TakeOverScene.ts"

/** As a server that has become a standby, or that an administrator protects. */
const makeReadOnly = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
  END $$`
  yield* Effect.ignore(
    sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`,
  )
})

describe("a database that takes no writes for a while", () => {
  let scene: TakeOverScene
  beforeAll(async () => {
    scene = await TakeOverScene.make()
    await scene.run(makeReadOnly)
  })
  afterAll(() => scene.dispose())

  it("is one that is away: what the catalog writes waits for it", async () => {
    const error = await scene.run(
      Effect.gen(function* () {
        const note = { life: randomUUID(), stateNumber: 1, seenAtMillis: null }
        return yield* Effect.flip((yield* CatalogStore).write(batchOf([gap("outage/1/0", 1)]), note))
      }).pipe(
        // The pool may still hold a connection that the server has ended.
        Effect.repeat({
          until: (answer) => !("reason" in answer && answer.reason === "ConnectionError"),
          times: 20,
        }),
      ),
    )
    expect(error._tag).toBe("DatabaseUnavailable")
  })

  it("is waited for by the rows of an earlier life, too", async () => {
    const error = await scene.run(
      Effect.gen(function* () {
        return yield* Effect.flip(
          (yield* CatalogStore).takeOver(randomUUID(), leftRows({ life: randomUUID(), gaps: 1 })),
        )
      }),
    )
    expect(error._tag).toBe("DatabaseUnavailable")
  })
})
