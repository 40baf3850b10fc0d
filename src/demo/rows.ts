import * as Schema from "effect/Schema"

const Cameras = Schema.Struct({
  cameras: Schema.Array(Schema.Struct({ id: Schema.Int, name: Schema.String })),
})
const Status = Schema.Struct({
  state: Schema.String,
  cause: Schema.NullOr(Schema.String),
  current_file: Schema.NullOr(Schema.String),
  disk_usage_bytes: Schema.Finite,
  failures: Schema.Int,
})
const Coverage = Schema.Struct({
  recorded_seconds: Schema.Finite,
  gap_seconds: Schema.Finite,
  spans: Schema.Array(Schema.Struct({ kind: Schema.String })),
})

/** One camera in the table. */
export interface Row {
  readonly name: string
  readonly state: string
  readonly cause: string | null
  readonly currentFile: string | null
  readonly sizeBytes: number
  readonly failures: number
  readonly recordedSeconds: number
  readonly gapSeconds: number
  readonly gaps: number
  readonly atMillis: number
}

const get = async <S extends Schema.ConstraintDecoder<unknown>>(
  address: string,
  schema: S,
): Promise<S["Type"]> => Schema.decodeUnknownSync(schema)(await (await fetch(address)).json())

/** Asks the service, by its public API, how the cameras fared since the demo began. */
export const readRows = async (address: string, sinceMillis: number): Promise<ReadonlyArray<Row>> => {
  const { cameras } = await get(`${address}/api/cameras`, Cameras)
  const atMillis = Date.now()
  const range = `from=${new Date(sinceMillis).toISOString()}&to=${new Date(atMillis).toISOString()}`
  return Promise.all(
    cameras.map(async ({ id, name }) => {
      const status = await get(`${address}/api/recording/status/${id}`, Status)
      const coverage = await get(`${address}/api/cameras/${id}/coverage?${range}`, Coverage)
      return {
        name,
        state: status.state,
        cause: status.cause,
        currentFile: status.current_file,
        sizeBytes: status.disk_usage_bytes,
        failures: status.failures,
        recordedSeconds: coverage.recorded_seconds,
        gapSeconds: coverage.gap_seconds,
        gaps: coverage.spans.filter(({ kind }) => kind === "gap").length,
        atMillis,
      }
    }),
  )
}
