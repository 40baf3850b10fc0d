import * as Schema from "effect/Schema"

/** What `healthProgram.ts` is told, as JSON in its argument. */
export const HealthCostOrder = Schema.Struct({
  /** Of FFmpeg processes, one for each camera. */
  pids: Schema.Array(Schema.Int),
  /** How much faster its clock runs. */
  factor: Schema.Finite,
  /** Measured time, on that clock. */
  seconds: Schema.Finite,
  /** For which each camera has recordings of an hour. */
  days: Schema.Int,
  /** For its key. */
  stateDirectory: Schema.String,
  database: Schema.Struct({
    host: Schema.String,
    port: Schema.Int,
    user: Schema.String,
    database: Schema.String,
  }),
})
export type HealthCostOrder = typeof HealthCostOrder.Type

/** What it answers, as JSON on its standard output; CPU seconds. */
export const HealthCostAnswer = Schema.Struct({
  /** Of the health monitor. */
  healthSeconds: Schema.Finite,
  /** Of the same process without it, in as long. */
  idleSeconds: Schema.Finite,
  /** Of watching the event loop, as far as `healthSeconds` lacks it. */
  loopSeconds: Schema.Finite,
  /** Until all windows were measured for the first time. */
  firstSeconds: Schema.Finite,
  measuredCameras: Schema.Int,
})
