import type { Cause } from "../../domain/Cause.ts"
import { isUnended, type Ledger, type Outage, outageSpan, segmentAt } from "./ledger.ts"

/** A time without a recording, as the ledger places it now: one gap of the coverage. */
export interface KnownOutage {
  readonly identity: string
  readonly cause: Cause
  readonly fromMillis: number
  /** Null while it lasts. */
  readonly toMillis: number | null
  /** Whether a recording ended it: not the next cause, nor an operator. */
  readonly isRecordedAgain: boolean
  /** Whether its end stays where it is. */
  readonly isPlaced: boolean
}

/** So long the beginning of a run may be found to lie earlier (`recorder/segments/Timeline.ts`). */
const startUpMillis = 15_000

const isPlaced = (ledger: Ledger, { before, toMillis }: Outage): boolean => {
  if (before === null) return toMillis !== null
  const segment = segmentAt(ledger, before)
  return (
    segment === undefined ||
    segment.state === "closed" ||
    segment.endedAtMillis - segment.startedAtMillis >= startUpMillis
  )
}

/** The last outages of a camera, in order of time; one that vanished, since the run went on, is none. */
export const knownOutages = (ledger: Ledger): ReadonlyArray<KnownOutage> =>
  ledger.outages.flatMap((outage) => {
    const { fromMillis, toMillis } = outageSpan(ledger, outage)
    if (toMillis <= fromMillis) return []
    return [
      {
        identity: outage.identity,
        cause: outage.cause,
        fromMillis,
        toMillis: isUnended(outage) ? null : toMillis,
        // One that the next cause ended stands before the same recording.
        isRecordedAgain: segmentAt(ledger, outage.before)?.startedAtMillis === toMillis,
        isPlaced: isPlaced(ledger, outage),
      },
    ]
  })
