import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { InvalidSetting } from "../config/variable.ts"
import { RecordingsDirectory } from "../storage/RecordingsDirectory.ts"
import { largestReserve } from "./diskLimits.ts"

/**
 * Refuses a start with `RECORDING_DISK_RESERVE` over half of the disk.
 *
 * A disk that does not say how large it is refuses nothing: the reserve is held to half of it when it does.
 */
export const reserveFits = (
  reserveBytes: number | null,
): Layer.Layer<never, InvalidSetting, RecordingsDirectory> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      if (reserveBytes === null) return
      const { diskSpace } = yield* RecordingsDirectory
      const space = Option.flatten(yield* Effect.timeoutOption(Effect.option(diskSpace), "5 seconds"))
      if (Option.isNone(space)) return
      const largestBytes = largestReserve(space.value.totalBytes)
      if (reserveBytes <= largestBytes) return
      return yield* new InvalidSetting({
        variable: "RECORDING_DISK_RESERVE",
        value: String(reserveBytes),
        allowed: `at most half of the disk of recordings, ${largestBytes} bytes`,
      })
    }),
  )
