import * as Schema from "effect/Schema"
import { type Alert, AlertKind } from "./Alert.ts"

/** A span in which nobody is notified of the alerts that it names; they are raised, kept and listed all the same. */
export const Silence = Schema.Struct({
  /** A UUID. */
  id: Schema.String,
  /** Null: of every camera, and of the service. */
  cameraId: Schema.NullOr(Schema.Int),
  /** Null: of every kind. */
  kind: Schema.NullOr(AlertKind),
  fromMillis: Schema.Finite,
  untilMillis: Schema.Finite,
  comment: Schema.String,
  createdAtMillis: Schema.Finite,
})
export type Silence = typeof Silence.Type

/** Whether somebody asked not to be notified of an alert now. */
export const isSilenced = (
  { kind, cameraId }: Pick<Alert, "kind" | "cameraId">,
  silences: ReadonlyArray<Silence>,
  nowMillis: number,
): boolean =>
  silences.some(
    (silence) =>
      silence.fromMillis <= nowMillis &&
      nowMillis < silence.untilMillis &&
      (silence.cameraId === null || silence.cameraId === cameraId) &&
      (silence.kind === null || silence.kind === kind),
  )
