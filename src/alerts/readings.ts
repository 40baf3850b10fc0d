import type { HealthReport } from "../domain/Health.ts"
import { cameraReadings } from "./cameraReadings.ts"
import type { EnabledSince } from "./enabledSince.ts"
import type { Reading } from "./reading.ts"
import { type DiskMarks, serviceReadings } from "./serviceReadings.ts"

/** Everything that the rules ask, as of one report. */
export const readingsOf = (
  { service, cameras, measuredAtMillis }: HealthReport,
  marks: DiskMarks,
  enabledSince: EnabledSince,
): ReadonlyArray<Reading> => [
  ...serviceReadings(service, marks),
  ...cameras.flatMap((camera) =>
    cameraReadings(camera, measuredAtMillis, enabledSince.get(camera.cameraId) ?? null),
  ),
]
