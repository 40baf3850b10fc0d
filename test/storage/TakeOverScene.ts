import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as SqlClient from "effect/sql/SqlClient"
import type { GapRow } from "../../src/storage/accounting/rows.ts"
import type { CatalogBatch } from "../../src/storage/catalogBatch.ts"
import { CatalogStore } from "../../src/storage/CatalogStore.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { makeTestDatabase } from "../support/database.ts"

type Services = CatalogStore | SqlClient.SqlClient

/** A gap whose start says how often it changed: what is newer is greater. */
export const gap = (key: string, version: number): GapRow => ({
  cameraId: 1,
  identity: key,
  startMillis: version,
  endMillis: null,
  cause: "stalled",
  detail: null,
})

export const batchOf = (gaps: ReadonlyArray<GapRow>): CatalogBatch => ({ recordings: [], gaps, periods: [] })

/** The versions of the gaps that the database holds. */
export const storedGaps = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ identity: string; version: number }>`
    SELECT identity, round(extract(epoch FROM start_time) * 1000)::int AS version FROM gaps ORDER BY identity`
  return new Map(rows.map(({ identity, version }) => [identity, version]))
})

export const lastSeen = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [state] = yield* sql<{ lastSeenAt: Date | null }>`SELECT last_seen_at FROM service_state`
  return state?.lastSeenAt?.getTime() ?? null
})

/** As if no life had ever written. */
export const forgetAll = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`TRUNCATE gaps, recordings, enabled_periods`
  yield* sql`UPDATE service_state SET writer_life = NULL, state_number = NULL, last_seen_at = NULL`
})

const addCamera = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO owners (name, plan) VALUES ('Ana', 'basic')`
  yield* sql`INSERT INTO cameras (owner_id, name, url, sealed_url, transport, recording_enabled)
    VALUES (1, 'Door', '', '', 'tcp', true)`
})

/** The catalog's store on a database of its own, with camera 1. */
export class TakeOverScene {
  readonly #database: Awaited<ReturnType<typeof makeTestDatabase>>
  readonly #runtime: ManagedRuntime.ManagedRuntime<Services, unknown>

  private constructor(database: Awaited<ReturnType<typeof makeTestDatabase>>) {
    this.#database = database
    this.#runtime = ManagedRuntime.make(
      CatalogStore.layer.pipe(Layer.provideMerge(databaseLayer(database.settings))),
    )
  }

  static async make(): Promise<TakeOverScene> {
    const scene = new TakeOverScene(await makeTestDatabase())
    await scene.run(addCamera)
    return scene
  }

  run<A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> {
    return this.#runtime.runPromise(effect)
  }

  async dispose(): Promise<void> {
    await this.#runtime.dispose()
    await this.#database.dispose()
  }
}
