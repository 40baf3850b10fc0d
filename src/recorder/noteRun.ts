import * as Effect from "effect/Effect"
import { type RunRecord, writeRunRecord } from "./runRecord.ts"

/** Writes the record of a run. One that cannot be written costs no recording: a living run is found without it. */
export const noteRun = (stateDirectory: string, record: RunRecord): Effect.Effect<void> =>
  Effect.try({
    try: () => writeRunRecord(stateDirectory, record),
    catch: (error) => (error instanceof Error ? error.message : String(error)),
  }).pipe(
    Effect.catch((reason) => Effect.logWarning(`cannot write the record of a run: ${reason}`)),
    Effect.annotateLogs("camera_id", record.cameraId),
  )
