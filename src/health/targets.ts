import type {
  CameraHealth,
  CameraWindow,
  HealthReport,
  ServiceHealth,
  TargetName,
  TargetState,
} from "../domain/Health.ts"

interface Target {
  readonly name: TargetName
  readonly limit: number
  readonly bound: TargetState["bound"]
  readonly unit: TargetState["unit"]
}

interface OfCamera {
  readonly cameraId: number
  readonly measured: number | null
  /** Null: with the report. */
  readonly measuredAtMillis: number | null
}

const mostWorst = 10

/** The specification's. */
export const targets = {
  uptime: { name: "uptime", limit: 99.9, bound: "at_least", unit: "percent" },
  frameLoss: { name: "frame_loss", limit: 0.1, bound: "below", unit: "percent" },
  diskIo: { name: "disk_io", limit: 100_000_000, bound: "below", unit: "bytes_per_second" },
  cpu: { name: "cpu", limit: 20, bound: "below", unit: "percent" },
} as const satisfies Readonly<Record<string, Target>>

/** A target that is not dated yet: what was measured with the report has no `measuredAtMillis`. */
type Standing = Omit<TargetState, "sinceMillis">

const meets = ({ bound, limit }: Target, measured: number): boolean =>
  bound === "at_least" ? measured >= limit : measured < limit

const ofService = (target: Target, measured: number | null): Standing => ({
  ...target,
  measured,
  measuredAtMillis: null,
  isMet: measured === null ? null : meets(target, measured),
  worstCameras: [],
  unmeasuredCameras: [],
})

const ofCameras = (target: Target, cameras: ReadonlyArray<OfCamera>): Standing => {
  const known = cameras.flatMap(({ cameraId, measured }) =>
    measured === null ? [] : [{ cameraId, measured }],
  )
  const times = cameras.flatMap(({ measured, measuredAtMillis }) =>
    measured === null || measuredAtMillis === null ? [] : [measuredAtMillis],
  )
  const worstFirst = known.toSorted((a, b) =>
    target.bound === "at_least" ? a.measured - b.measured : b.measured - a.measured,
  )
  return {
    ...ofService(target, worstFirst[0]?.measured ?? null),
    measuredAtMillis: times.length === 0 ? null : Math.min(...times),
    worstCameras: worstFirst.filter(({ measured }) => !meets(target, measured)).slice(0, mostWorst),
    unmeasuredCameras: cameras.flatMap(({ cameraId, measured }) => (measured === null ? [cameraId] : [])),
  }
}

const sumOrNull = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b

/** How each target stands, by the last 24 hours where it is about time or frames, else by the last seconds. */
export const standings = (
  { disk }: Pick<ServiceHealth, "disk">,
  all: ReadonlyArray<CameraHealth>,
): ReadonlyArray<Standing> => {
  const cameras = all.filter(({ isEnabled }) => isEnabled)
  const ofDay = (measure: (day: CameraWindow) => number | null): ReadonlyArray<OfCamera> =>
    cameras.map(({ cameraId, windows: { day } }) => ({
      cameraId,
      measured: day === null ? null : measure(day),
      measuredAtMillis: day?.measuredAtMillis ?? null,
    }))
  return [
    ofCameras(
      targets.uptime,
      ofDay(({ uptime }) => (uptime === null ? null : 100 * uptime)),
    ),
    ofCameras(
      targets.frameLoss,
      ofDay(({ frameLossPercent }) => frameLossPercent),
    ),
    ofService(targets.diskIo, sumOrNull(disk.writtenBytesPerSecond, disk.readBytesPerSecond)),
    ofCameras(
      targets.cpu,
      cameras.map(({ cameraId, cpuPercent }) => ({ cameraId, measured: cpuPercent, measuredAtMillis: null })),
    ),
  ]
}

/** Dates the standings: one that is as it was keeps its beginning. */
export const dated = (
  now: ReadonlyArray<Standing>,
  before: HealthReport["targets"],
  nowMillis: number,
): HealthReport["targets"] =>
  now.map((standing) => {
    const known = before.find(({ name }) => name === standing.name)
    const isSame = known !== undefined && known.isMet === standing.isMet
    return {
      ...standing,
      measuredAtMillis: standing.measured === null ? null : (standing.measuredAtMillis ?? nowMillis),
      sinceMillis: isSame ? known.sinceMillis : nowMillis,
    }
  })
