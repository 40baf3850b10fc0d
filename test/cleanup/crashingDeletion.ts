import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { DeletionStore } from "../../src/storage/DeletionStore.ts"
import { RecordingProtection } from "../../src/storage/RecordingProtection.ts"
import { Crash, fileSystemWith, type SceneOptions } from "./CleanupScene.ts"

/** A deletion, and a protection, whose every step may be the last one before the service dies. */
export class CrashingDeletion {
  /** Steps that are taken before the crash. */
  stepsLeft = Infinity
  readonly options: SceneOptions = {
    fileSystem: fileSystemWith(() => this.#step()),
    aroundStore: (store): DeletionStore["Service"] => ({
      ...store,
      mark: (ids, reason, atMillis) => this.#around(store.mark(ids, reason, atMillis)),
      markExpired: (choice, atMillis) => this.#around(store.markExpired(choice, atMillis)),
      settle: (batchId, keptPaths) => this.#around(store.settle(batchId, keptPaths)),
    }),
  }

  /** A protection that may end at its row, before and after, with the `.protected` file written or yet to write. */
  readonly protection = RecordingProtection.layer.pipe(
    Layer.provide(
      Layer.effect(
        SqlClient.SqlClient,
        Effect.map(SqlClient.SqlClient, (sql) => this.#crashing(sql)),
      ),
    ),
  )

  #crashing(sql: SqlClient.SqlClient): SqlClient.SqlClient {
    const withTransaction: SqlClient.SqlClient["withTransaction"] = (effect) =>
      this.#around(sql.withTransaction(effect))
    return new Proxy(sql, {
      get: (target, name): unknown =>
        name === "withTransaction" ? withTransaction : Reflect.get(target, name),
    })
  }

  #step(): void {
    this.stepsLeft -= 1
    if (this.stepsLeft < 0) throw new Crash("the service dies here")
  }

  /** It may die before its rows are committed, and right after. */
  #around<A, E, R>(write: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const step = Effect.sync(() => this.#step())
    return Effect.andThen(
      step,
      Effect.tap(write, () => step),
    )
  }
}
