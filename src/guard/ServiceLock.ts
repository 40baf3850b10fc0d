import { resolve } from "node:path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { DirectoriesLocked } from "./DirectoriesLocked.ts"
import { Guardianship } from "./Guardianship.ts"
import type { GuardSettings, GuardUnusable } from "./GuardProcess.ts"

/** A handover, a replaced container or the end of a lease may hold a lock for this long. */
const startPatience = "10 seconds"

/**
 * That the directories are this service's alone, on this machine and any other that shares them.
 *
 * The locks end with this process, however it ends. Runs that are left then are ended after the lease, unless
 * another life of the service takes them over.
 */
export class ServiceLock extends Context.Service<
  ServiceLock,
  {
    /** Never succeeds; fails when the locks were lost to another service. This one must end and leave its runs. */
    readonly lost: Effect.Effect<never, DirectoriesLocked>
  }
>()("vigia/guard/ServiceLock") {
  /** The marker of the recordings directory must exist. Waits up to 10 s for a service that is just ending. */
  static readonly layer = (
    options: GuardSettings,
  ): Layer.Layer<ServiceLock, DirectoriesLocked | GuardUnusable> =>
    Layer.effect(
      ServiceLock,
      Effect.gen(function* () {
        const guardianship = new Guardianship(
          {
            recordingDirectory: resolve(options.recordingDirectory),
            stateDirectory: resolve(options.stateDirectory),
            leaseMillis: options.leaseMillis,
          },
          yield* Clock.currentTimeMillis,
        )
        yield* Effect.addFinalizer(() => guardianship.release)
        yield* guardianship.acquire(startPatience)
        const lost = yield* Deferred.make<never, DirectoriesLocked>()
        // Not `Deferred.into`: the end of this service is no loss.
        yield* guardianship.keep.pipe(
          Effect.catch((error) => Deferred.fail(lost, error)),
          Effect.forkScoped,
        )
        return ServiceLock.of({ lost: Deferred.await(lost) })
      }),
    )
}
