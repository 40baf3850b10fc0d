import { readFileSync } from "node:fs"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A change of state of one camera, as the service logged it. */
export interface Transition {
  readonly atMillis: number
  readonly from: string
  readonly to: string
  /** Why the last run ended, where the line says it. */
  readonly cause: string | null
  readonly detail: string | null
}

const Line = Schema.fromJsonString(
  Schema.Struct({ time: Schema.String, msg: Schema.String, camera_id: Schema.optionalKey(Schema.Int) }),
)
const decodeLine = Schema.decodeUnknownOption(Line)
const changed =
  /^(\w+) -> (\w+) after [\d.]+ \w+(?: \d+ \w+)?(?: \((\w+): (.*?)\)(?:, next try in [\d.]+ s)?)?$/

const rereadAfterMillis = 50

/** The changes of state in the log of a service, read again at most every 50 ms however many ask. */
export class CameraTransitions {
  readonly #logPath: string
  #readAtMillis = Number.NEGATIVE_INFINITY
  #byCamera = new Map<number, Array<Transition>>()

  constructor(logPath: string) {
    this.#logPath = logPath
  }

  of(cameraId: number): ReadonlyArray<Transition> {
    if (performance.now() - this.#readAtMillis > rereadAfterMillis) {
      this.#byCamera = this.#read()
      this.#readAtMillis = performance.now()
    }
    return this.#byCamera.get(cameraId) ?? []
  }

  #read(): Map<number, Array<Transition>> {
    const byCamera = new Map<number, Array<Transition>>()
    for (const text of readFileSync(this.#logPath, "utf8").split("\n")) {
      const line = Option.getOrUndefined(decodeLine(text))
      const [, from, to, cause, detail] = changed.exec(line?.msg ?? "") ?? []
      if (line?.camera_id === undefined || from === undefined || to === undefined) continue
      const transitions = byCamera.get(line.camera_id) ?? []
      transitions.push({
        atMillis: Date.parse(line.time),
        from,
        to,
        cause: cause ?? null,
        detail: detail ?? null,
      })
      byCamera.set(line.camera_id, transitions)
    }
    return byCamera
  }
}
