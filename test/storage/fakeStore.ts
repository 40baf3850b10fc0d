import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Catalog, type CatalogOptions } from "../../src/storage/Catalog.ts"
import type { CatalogBatch } from "../../src/storage/catalogBatch.ts"
import { type CatalogFacts, CatalogStore } from "../../src/storage/CatalogStore.ts"
import { noFrames } from "../../src/storage/frameSums.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"

interface Write {
  readonly batch: CatalogBatch
  readonly seenAtMillis: number | null
}

const noFacts: CatalogFacts = { recordings: [], gaps: [], periods: [] }

/** A database that counts writes and can go away; `attempts` includes those that failed. */
export const makeFakeStore = (options: CatalogOptions = {}) => {
  const writes: Array<Write> = []
  const state = { isAway: false, isHanging: false, isBroken: false, attempts: 0 }
  const unavailable = Effect.fail(new DatabaseUnavailable({ reason: "ConnectionError" }))
  const layer = Layer.succeed(
    CatalogStore,
    CatalogStore.of({
      ping: Effect.suspend(() => {
        if (!state.isAway) return Effect.void
        state.attempts += 1
        return unavailable
      }),
      takeOver: () => Effect.succeed({ leftRows: "none", refused: [] }),
      writeApart: () => Effect.succeed([]),
      seed: Effect.succeed({ lastSeenMillis: null, cameras: [] }),
      totals: Effect.succeed(new Map()),
      write: (batch, { seenAtMillis }) =>
        Effect.suspend(() => {
          state.attempts += 1
          if (state.isAway) return unavailable
          if (state.isBroken) return Effect.die(new Error("a bug"))
          if (state.isHanging) return Effect.never
          writes.push({ batch, seenAtMillis })
          return Effect.void
        }),
      frames: () => Effect.suspend(() => (state.isAway ? unavailable : Effect.succeed(noFrames))),
      facts: () => Effect.suspend(() => (state.isAway ? unavailable : Effect.succeed(noFacts))),
    }),
  )
  return { writes, state, layer: Layer.fresh(Catalog.layerNoDeps(options)).pipe(Layer.provide(layer)) }
}
