import * as Effect from "effect/Effect"
import type { DeletionStore } from "../../src/storage/DeletionStore.ts"
import { Crash, fileSystemWith, type SceneOptions } from "./CleanupScene.ts"

/** A deletion whose every step, of files and of rows, may be the last one before the service dies. */
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

  #step(): void {
    this.stepsLeft -= 1
    if (this.stepsLeft < 0) throw new Crash("the service dies here")
  }

  /** It may die before its rows are committed, and right after. */
  #around<A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const step = Effect.sync(() => this.#step())
    return Effect.andThen(
      step,
      Effect.tap(write, () => step),
    )
  }
}
