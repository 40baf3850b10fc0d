import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { boundedProbe } from "../../src/cleanup/boundedProbe.ts"
import { DirectoryUnusable } from "../../src/storage/RecordingsDirectory.ts"

const space = { totalBytes: 10, freeBytes: 5, files: null }

describe("a probe of the disk", () => {
  it("that hangs is given up, and asked again only when it has answered", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const hanging = yield* Deferred.make<typeof space>()
          let asked = 0
          const ask = Effect.suspend(() => {
            asked += 1
            return asked === 1 ? Deferred.await(hanging) : Effect.succeed({ ...space, freeBytes: 1 })
          })
          const probe = yield* boundedProbe(ask, 20)
          expect(yield* probe).toEqual({
            space: null,
            error: "the file system did not answer within 0.02 s",
          })
          expect((yield* probe).space).toBeNull()
          expect(asked).toBe(1)
          yield* Deferred.succeed(hanging, space)
          expect([(yield* probe).space, (yield* probe).space]).toContainEqual({ ...space, freeBytes: 1 })
        }),
      ),
    ))

  it("that fails says why", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const ask = Effect.fail(new DirectoryUnusable({ path: "/r", code: "EIO" }))
          const probe = yield* boundedProbe(ask, 1000)
          expect(yield* probe).toEqual({ space: null, error: "Cannot use /r: EIO" })
        }),
      ),
    ))
})
