import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Catalog, type CatalogSnapshot } from "../storage/Catalog.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import {
  type CameraAccount,
  type CameraMeasure,
  type ClipUse,
  type OwnerAccount,
  StorageAccounts,
} from "../storage/StorageAccounts.ts"
import { usableBytes } from "./diskLimits.ts"
import { DiskPressure, type DiskReading } from "./DiskPressure.ts"
import { daysKept, type PlanDays } from "./expiry.ts"
import { type CameraGrowth, forecast, type Forecast } from "./forecast.ts"

type Counted = Pick<CatalogSnapshot, "totalBytes" | "recordings">

export interface CameraUse extends CameraAccount, Counted {
  /** Per recorded second of the last day; null where nothing was recorded in it. */
  readonly bytesPerSecond: number | null
  /** As of the last look at them; null while there was none. */
  readonly clips: ClipUse | null
}

export interface OwnerStorage extends Omit<OwnerAccount, "cameras"> {
  readonly cameras: ReadonlyArray<CameraUse>
}

/** What is on the disk, whose it is, and how long it lasts. */
export interface StorageState {
  readonly disk: DiskReading
  readonly owners: ReadonlyArray<OwnerStorage>
  /** Null while nothing is measured, or where the disk does not say how large it is. */
  readonly forecast: (Forecast & { readonly measuredAtMillis: number }) | null
}

interface Measures {
  readonly atMillis: number
  readonly cameras: ReadonlyMap<number, CameraMeasure>
  readonly clips: ReadonlyMap<number, ClipUse>
}

const noClips: ClipUse = { clips: 0, bytes: 0 }

const dayMillis = 86_400_000

const rateOf = (measure: CameraMeasure | undefined): number | null =>
  measure === undefined ? null : measure.recordedBytes / measure.recordedSeconds

export interface StorageReportOptions {
  readonly planDays: PlanDays
  /** Between two looks at the bit rates and at the clips. */
  readonly measureIntervalMillis: number
}

/** Answers from counters, and from bit rates and sums of clips that are taken in the background. */
export class StorageReport extends Context.Service<
  StorageReport,
  {
    readonly current: Effect.Effect<StorageState, DatabaseUnavailable>
  }
>()("vigia/cleanup/StorageReport") {
  static readonly layer = (options: StorageReportOptions) =>
    Layer.effect(StorageReport, makeStorageReport(options))
}

const growthOf = (
  owners: ReadonlyArray<OwnerStorage>,
  { atMillis, cameras }: Measures,
  planDays: PlanDays,
): ReadonlyArray<CameraGrowth> =>
  owners.flatMap(({ plan, cameras: owned }) =>
    owned
      .filter(({ isEnabled }) => isEnabled)
      .map(({ id, bytesPerSecond, ...camera }) => ({
        plan,
        retentionDays: daysKept({ plan, retentionDays: camera.retentionDays }, planDays),
        bytesPerSecond,
        historyMillis: atMillis - (cameras.get(id)?.oldestStartMillis ?? atMillis),
      })),
  )

const makeStorageReport = Effect.fnUntraced(function* (options: StorageReportOptions) {
  const accounts = yield* StorageAccounts
  const catalog = yield* Catalog
  const pressure = yield* DiskPressure
  let measures: Measures | null = null

  const measure = Effect.gen(function* () {
    const atMillis = yield* Clock.currentTimeMillis
    measures = {
      atMillis,
      cameras: yield* accounts.measures(atMillis - dayMillis),
      clips: yield* accounts.clips,
    }
  }).pipe(
    // They grow old while the database is away, and are not worth a line each minute.
    Effect.catch((error) => Effect.logDebug(`bit rates and clips were not measured: ${error.message}`)),
  )
  yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(measure, Effect.sleep(options.measureIntervalMillis))),
  )

  const current = Effect.gen(function* () {
    const disk = yield* pressure.reading
    const measured = measures
    const owners = (yield* accounts.list).map((owner) => ({
      ...owner,
      cameras: owner.cameras.map((camera) => {
        const { totalBytes, recordings } = catalog.snapshot(camera.id)
        return {
          ...camera,
          totalBytes,
          recordings,
          bytesPerSecond: rateOf(measured?.cameras.get(camera.id)),
          clips: measured === null ? null : (measured.clips.get(camera.id) ?? noClips),
        }
      }),
    }))
    const expected =
      disk.space === null || measured === null
        ? null
        : forecast(
            {
              usedBytes: disk.space.totalBytes - disk.space.freeBytes,
              recordedBytes: owners
                .flatMap(({ cameras }) => cameras)
                .reduce((sum, { totalBytes }) => sum + totalBytes, 0),
              limitBytes: usableBytes(pressure.limits, disk.space.totalBytes),
            },
            growthOf(owners, measured, options.planDays),
          )
    return {
      disk,
      owners,
      forecast:
        expected === null || measured === null ? null : { ...expected, measuredAtMillis: measured.atMillis },
    }
  }).pipe(Effect.withSpan("StorageReport.current"))

  return StorageReport.of({ current })
})
