import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A run that a start of the service took over, as it logged it. */
export interface AdoptionLine {
  readonly cameraId: number
  readonly pid: number
  readonly runId: string
}

const Line = Schema.fromJsonString(
  Schema.Struct({ msg: Schema.String, camera_id: Schema.Int, pid: Schema.Int, run_id: Schema.String }),
)
const decodeLine = Schema.decodeUnknownOption(Line)

/** The runs that a life of the service adopted, by its log. */
export const adoptionLines = (log: string): ReadonlyArray<AdoptionLine> =>
  log.split("\n").flatMap((text) => {
    const line = Option.getOrUndefined(decodeLine(text))
    return line?.msg.includes("adopted a run") === true
      ? [{ cameraId: line.camera_id, pid: line.pid, runId: line.run_id }]
      : []
  })
