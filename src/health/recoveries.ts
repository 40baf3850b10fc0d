import type { Cause } from "../domain/Cause.ts"
import { touchMillis } from "../domain/coverage.ts"
import type { KnownOutage } from "../storage/accounting/knownOutages.ts"

/** What is remembered of the outages of a camera from one look to the next. */
export interface OutageTrail {
  /** Those that nothing was recorded after yet, in order of time. */
  readonly open: ReadonlyArray<KnownOutage>
  /** Those that are done with, as far as they are still told of. */
  readonly done: ReadonlySet<string>
}

/** A look at the outages of a camera. */
export interface OutageLook {
  readonly trail: OutageTrail
  /** How long each outage took that is over since the last look, in seconds. */
  readonly recoverySeconds: ReadonlyArray<number>
}

/** Not by a failure: nothing recovered from them. */
const noFailures: ReadonlySet<Cause> = new Set<Cause>([
  "starting",
  "service_down",
  "reconfigured",
  "disk_full",
])

/** More than the ledger tells of: what is drawn together is not told any more. */
const mostOpen = 16

/** A camera may fail in turns for days: the oldest two become one. */
const drawnTogether = (open: ReadonlyArray<KnownOutage>): ReadonlyArray<KnownOutage> => {
  const [first, second, ...others] = open
  if (open.length <= mostOpen || first === undefined || second === undefined) return open
  const isOne = !noFailures.has(first.cause) && second.fromMillis <= (first.toMillis ?? Infinity)
  return drawnTogether([
    isOne ? { ...second, cause: first.cause, fromMillis: first.fromMillis } : second,
    ...others,
  ])
}

/** Before the first look at a camera: outages that were over when the service started are those of an earlier life. */
export const firstTrail = (
  outages: ReadonlyArray<KnownOutage>,
  serviceStartedAtMillis: number,
): OutageTrail => ({
  open: [],
  done: new Set(
    outages.flatMap(({ identity, toMillis }) =>
      toMillis !== null && toMillis <= serviceStartedAtMillis ? [identity] : [],
    ),
  ),
})

const merged = (trail: OutageTrail, outages: ReadonlyArray<KnownOutage>): ReadonlyArray<KnownOutage> => {
  const told = new Set(outages.map(({ identity }) => identity))
  // One that lasted and is not told of any more was none.
  const left = trail.open.filter(({ identity, toMillis }) => toMillis !== null || told.has(identity))
  const known = new Map(left.map((outage) => [outage.identity, outage]))
  for (const outage of outages) {
    if (trail.done.has(outage.identity)) continue
    const isRecordedAgain = outage.isRecordedAgain || known.get(outage.identity)?.isRecordedAgain === true
    known.set(outage.identity, { ...outage, isRecordedAgain })
  }
  return [...known.values()]
}

/**
 * Measures outages by the gaps of the coverage: from the beginning of the first by a failure, over all causes that follow
 * without a break, to the recording that ends the last.
 *
 * Told as soon as that end stays where it is; not where it was too short to be a gap. A camera that is stopped while it is out has not recovered.
 */
export const lookAtOutages = (trail: OutageTrail, outages: ReadonlyArray<KnownOutage>): OutageLook => {
  const done = new Set(outages.flatMap(({ identity }) => (trail.done.has(identity) ? [identity] : [])))
  const recoverySeconds: Array<number> = []
  let open: Array<KnownOutage> = []
  let failedSinceMillis: number | null = null
  let untilMillis: number | null = null
  const all = merged(trail, outages)
  for (const [at, outage] of all.entries()) {
    const { identity, cause, fromMillis, toMillis } = outage
    if (untilMillis !== null && fromMillis > untilMillis) failedSinceMillis = null
    if (!noFailures.has(cause)) failedSinceMillis ??= fromMillis
    untilMillis = toMillis
    open.push(outage)
    if (toMillis === null || !outage.isRecordedAgain) continue
    if (!outage.isPlaced) {
      open.push(...all.slice(at + 1))
      break
    }
    const lastedMillis = failedSinceMillis === null ? 0 : toMillis - failedSinceMillis
    // A shorter one is no gap of the coverage.
    if (lastedMillis > touchMillis) recoverySeconds.push(lastedMillis / 1000)
    for (const over of open) done.add(over.identity)
    done.add(identity)
    failedSinceMillis = null
    untilMillis = null
    open = []
  }
  return { trail: { open: drawnTogether(open), done }, recoverySeconds }
}
