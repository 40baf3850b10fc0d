import { setImmediate as nextTurn } from "node:timers/promises"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Cause } from "../domain/Cause.ts"
import { pieces } from "./catalogBatch.ts"
import type { LeftRows } from "./catalogWrites.ts"

const Millis = Schema.Finite
const Count = Schema.Int
/** Absent in a file of a version that did not count them. */
const LossCount = Schema.NullOr(Count).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

const RecordingRow = Schema.Struct({
  cameraId: Count,
  filePath: Schema.String,
  startMillis: Millis,
  endMillis: Millis,
  sizeBytes: Count,
  runId: Schema.String,
  segmentNumber: Count,
  state: Schema.Literals(["growing", "closed"]),
  frames: Count,
  missingFrames: Schema.NullOr(Count),
  lostPackets: LossCount,
  damagedFramesAtMost: LossCount,
  fragments: Count,
  videoCodec: Schema.String,
  audio: Schema.Literals(["none", "missing", "recorded"]),
})

const GapRow = Schema.Struct({
  cameraId: Count,
  identity: Schema.String,
  startMillis: Millis,
  endMillis: Schema.NullOr(Millis),
  cause: Cause,
  detail: Schema.NullOr(Schema.String),
})

const VanishedGap = Schema.Struct({ cameraId: Count, identity: Schema.String, startMillis: Schema.Null })

const PeriodRow = Schema.Struct({ cameraId: Count, startMillis: Millis, endMillis: Schema.NullOr(Millis) })

const PendingRowsText = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.Literal(1),
    life: Schema.String.check(Schema.isUUID()),
    stateNumber: Count,
    seenAtMillis: Schema.NullOr(Millis),
    rows: Schema.Struct({
      recordings: Schema.Array(RecordingRow),
      gaps: Schema.Array(Schema.Union([GapRow, VanishedGap])),
      periods: Schema.Array(PeriodRow),
    }),
  }),
)

/** Reads the text of a file of pending rows; fails for any other text. */
export const readPendingRows = Schema.decodeUnknownEffect(PendingRowsText)

const textOf = async (rows: ReadonlyArray<object>): Promise<string> => {
  const texts: Array<string> = []
  for (const piece of pieces(rows)) {
    texts.push(piece.map((row) => JSON.stringify(row)).join(",\n"))
    // Everything else goes on between two pieces.
    await nextTurn()
  }
  return texts.join(",\n")
}

/** The text of a file of pending rows: JSON with a line for each row. */
export const writePendingRows = async ({
  life,
  stateNumber,
  seenAtMillis,
  rows,
}: LeftRows): Promise<string> =>
  [
    `{"version":1,"life":${JSON.stringify(life)},"stateNumber":${stateNumber},"seenAtMillis":${seenAtMillis},`,
    `"rows":{"recordings":[`,
    await textOf(rows.recordings),
    `],"gaps":[`,
    await textOf(rows.gaps),
    `],"periods":[`,
    await textOf(rows.periods),
    `]}}`,
  ].join("\n")
