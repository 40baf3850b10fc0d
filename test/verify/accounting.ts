import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import { seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import type { Span } from "../../src/domain/Segment.ts"
import { difference, totalMillis } from "../../src/domain/spans.ts"
import type { CoverageAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { cameraFiles, instantOfName } from "./cameraFiles.ts"
import { type FaultyCamera, disturb } from "./faultSequence.ts"
import { type Disagreement, disagreement, recordedTruth } from "./frameTruth.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, rounded } from "./verdict.ts"

export interface AccountingOptions extends TrialGround {
  readonly seed: number
  readonly cameras: number
  readonly seconds: number
}

const frameMillis = 40
const segmentSeconds = 10
/** The account of a boundary may be off by this much. */
const boundaryMillis = 500
/** Up to this a gap may be unlisted: what is at most 0.5 s long by the measured boundaries is no gap. */
const unlistedMillis = 600

/** The spans of one kind that a coverage lists. */
export const spansOf = (coverage: CoverageAnswer, kind: CoverageAnswer["spans"][number]["kind"]) =>
  coverage.spans
    .filter((span) => span.kind === kind)
    .map(({ from, to }): Span => ({ fromMillis: Date.parse(from), toMillis: Date.parse(to) }))

/** Whether the spans follow each other without hole or overlap from one end of the range to the other. */
export const isTiled = ({ from, to, spans }: CoverageAnswer): boolean => {
  const bounds = [from, ...spans.map((span) => span.to)]
  return (
    bounds.at(-1) === to &&
    spans.every((span, at) => span.from === bounds[at] && Date.parse(span.from) < Date.parse(span.to))
  )
}

/** Whether the sums of a coverage are its range. */
export const isSummed = (coverage: CoverageAnswer): boolean => {
  const rangeMillis = Date.parse(coverage.to) - Date.parse(coverage.from)
  const sum = coverage.recorded_seconds + coverage.gap_seconds + coverage.stopped_seconds
  return Math.abs(rangeMillis / 1000 - sum) < 0.002
}

/**
 * Distance of each file's name, read as UTC, from its first frame, without the time for which the camera was stalled.
 *
 * A name is given when the first fragment has arrived: of what comes before that, a stall looks like a later beginning.
 */
const nameErrors = (cameraDirectory: string, stalled: ReadonlyArray<Span>): ReadonlyArray<number> =>
  cameraFiles(cameraDirectory).map(({ path }) => {
    const named = instantOfName(path)
    const first = readFrameStamps(path)[0]?.sentAtMillis ?? Number.NaN
    const apart = { fromMillis: Math.min(named, first), toMillis: Math.max(named, first) }
    return Number.isNaN(first) ? first : totalMillis(difference([apart], stalled))
  })

/** What is known of one camera at the end, against what is true. */
interface Account {
  readonly id: number
  readonly coverage: CoverageAnswer
  readonly recorded: Disagreement
  readonly stopped: Disagreement
  /** How far the names of the files are from their first frames. */
  readonly nameErrorsMillis: ReadonlyArray<number>
}

/** Where an account is wrong, in words. */
const beyond = ({ id, recorded, stopped }: Account): ReadonlyArray<string> =>
  [
    { span: recorded.boundary, limitMillis: boundaryMillis },
    { span: recorded.unlisted, limitMillis: unlistedMillis },
    { span: stopped.boundary, limitMillis: boundaryMillis },
  ]
    .filter(({ span, limitMillis }) => totalMillis([span]) > limitMillis)
    .map(({ span }) => `camera ${id}, ${new Date(span.fromMillis).toISOString()} + ${totalMillis([span])} ms`)

/** Faults of all kinds by chance; then the account of every camera is held against the frames on disk. */
export const measureAccounting = async (options: AccountingOptions): Promise<ReadonlyArray<Verdict>> => {
  const names = Array.from({ length: options.cameras }, (_, at) => `cam${at}`)
  // Ports of their own: a camera that reboots refuses connections.
  const cameras = names.flatMap((name) => [
    { path: `${name}a`, port: 0 },
    { path: `${name}b`, port: 0 },
  ])
  const environment = {
    RECORDING_SEGMENT_DURATION: String(segmentSeconds),
    RECORDING_HEALTHY_SPELL: "3",
    RECORDING_RETRY_INITIAL: "0.5",
    RECORDING_RETRY_MAX: "2",
    // Nothing on disk or in an answer may depend on where the service runs.
    TZ: "America/Sao_Paulo",
  }
  return Trial.run({ ...options, environment, cameras }, async (trial) => {
    const faulty: Array<FaultyCamera> = []
    const fromMillis = Date.now()
    for (const name of names) {
      const twins = [trial.simulator.camera(`${name}a`), trial.simulator.camera(`${name}b`)] as const
      const askedAtMillis = Date.now()
      const id = await trial.add(name, twins[0].url)
      faulty.push({ id, added: { fromMillis: askedAtMillis, toMillis: Date.now() }, twins })
    }
    const untilMonotonicMillis = performance.now() + options.seconds * 1000
    const reports = await Promise.all(
      faulty.map((camera, at) =>
        disturb(
          trial,
          camera,
          seededRandom(options.seed, `camera ${at}`),
          untilMonotonicMillis,
          segmentSeconds,
        ),
      ),
    )
    const isRecording = async ({ id }: FaultyCamera) => (await trial.state(id)).state === "recording"
    await awaitFact("all cameras record again", async () =>
      (await Promise.all(faulty.map(isRecording))).every(Boolean),
    )
    const stoppedAtMillis = Date.now()
    await trial.stopAll(faulty.map(({ id }) => id))
    const toMillis = Date.now()

    const accounts = await Promise.all(
      faulty.map(async ({ id, added }, at): Promise<Account> => {
        const coverage = await trial.coverage(id, fromMillis - 1000, toMillis)
        const recorded = recordedTruth(trial.cameraDirectory(id), frameMillis)
        const notRecorded = difference([{ fromMillis: fromMillis - 1000, toMillis }], recorded)
        const wanted = [
          ...(reports[at]?.stopped ?? []),
          { fromMillis: fromMillis - 1000, toMillis: added.fromMillis },
          { fromMillis: stoppedAtMillis, toMillis },
        ]
        const stopped = difference(notRecorded, difference(notRecorded, wanted))
        // Nobody but the service knows when between question and answer a stop or a start took effect.
        const asked = [added, ...(reports[at]?.asked ?? [])]
        return {
          id,
          coverage,
          recorded: disagreement(spansOf(coverage, "recorded"), recorded),
          stopped: disagreement(difference(spansOf(coverage, "stopped"), asked), difference(stopped, asked)),
          nameErrorsMillis: nameErrors(trial.cameraDirectory(id), reports[at]?.stalled ?? []),
        }
      }),
    )
    const worst = (span: (one: Account) => Span) => greatest(accounts.map((one) => totalMillis([span(one)])))
    const worstBoundary = worst((one) => one.recorded.boundary)
    const worstUnlisted = worst((one) => one.recorded.unlisted)
    const worstStopped = worst((one) => one.stopped.boundary)
    const worstName = greatest(accounts.flatMap(({ nameErrorsMillis }) => nameErrorsMillis))
    const causes = new Set(accounts.flatMap(({ coverage }) => coverage.spans.map(({ cause }) => cause)))
    const unknown = accounts.flatMap(({ id, coverage }) =>
      coverage.spans.flatMap(({ cause, from, to }) =>
        cause === "unknown" ? [`camera ${id}, ${from} to ${to}`] : [],
      ),
    )
    return [
      {
        name: "accounting.tiling",
        figures: {
          cameras: accounts.length,
          faults: reports.reduce((sum, { faults }) => sum + faults.length, 0),
          kinds: [...new Set(reports.flatMap(({ faults }) => faults))].toSorted().join(" "),
          causes: [...causes]
            .filter((cause) => cause !== undefined)
            .toSorted()
            .join(" "),
          unknown: unknown.join("; ") || "none",
        },
        target: "recorded, gaps and stopped time are exactly the range, no overlap, every gap has a cause",
        met:
          unknown.length === 0 && accounts.every(({ coverage }) => isTiled(coverage) && isSummed(coverage)),
      },
      {
        name: "accounting.boundaries",
        figures: {
          boundaries: 2 * accounts.flatMap(({ coverage }) => spansOf(coverage, "recorded")).length,
          worst_seconds: rounded(worstBoundary / 1000),
          longest_unlisted_gap_seconds: rounded(worstUnlisted / 1000),
          worst_stopped_seconds: rounded(worstStopped / 1000),
          beyond: accounts.flatMap(beyond).join("; ") || "none",
        },
        target: "every boundary within 0.5 s of what the frames on disk say, no gap above 0.6 s unlisted",
        met:
          worstBoundary <= boundaryMillis &&
          worstUnlisted <= unlistedMillis &&
          worstStopped <= boundaryMillis,
      },
      {
        name: "accounting.names",
        figures: {
          files: accounts.flatMap(({ nameErrorsMillis }) => nameErrorsMillis).length,
          worst_seconds: rounded(worstName / 1000),
        },
        target: "every file is named by the UTC second of its first frame, or the next free one",
        met: worstName <= 2000,
      },
    ]
  })
}
