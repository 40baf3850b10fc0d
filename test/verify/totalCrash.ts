import { type Random, seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import type { Span } from "../../src/domain/Segment.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { type CatalogRow, catalogRows, changedRows } from "./catalogRows.ts"
import { allAre, type CrashedCamera, frameMillis, killEverything, stampsOf, type Tail } from "./crashRound.ts"
import { rowFaults } from "./rowFaults.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, median, rounded } from "./verdict.ts"

export interface TotalCrashOptions extends TrialGround {
  readonly seed: number
  readonly cameras: number
  readonly rounds: number
  /** There is no service for up to so long. */
  readonly downSeconds: number
}

/** One crash and the start after it. */
interface Round {
  readonly tails: ReadonlyArray<Tail>
  /** From the start of the next life to when it was ready: in this time the service was back. */
  readonly back: Span
  /** Settled rows that the next life changed. */
  readonly changed: ReadonlyArray<string>
}

const boundaryMillis = 500
/** Each life records for so long before it is killed, and up to so much longer. */
const steadySeconds = 1.5
const randomSeconds = 3

const pause = (seconds: number): Promise<void> => new Promise((passed) => setTimeout(passed, seconds * 1000))

/** Rows that nothing may change any more; a gap that ends with a growing file moves with the start of that file. */
const settledRows = async (trial: Trial): Promise<ReadonlyArray<CatalogRow>> => {
  const { recordings, gaps } = await catalogRows(trial)
  const growing = recordings.filter(({ isSettled }) => !isSettled)
  const isMoving = (gap: CatalogRow): boolean =>
    growing.some((file) => file.cameraId === gap.cameraId && (gap.toMillis ?? Infinity) >= file.fromMillis)
  return [
    ...recordings.filter(({ isSettled }) => isSettled),
    ...gaps.filter((gap) => gap.isSettled && !isMoving(gap)),
  ]
}

const crashOnce = async (
  trial: Trial,
  cameras: ReadonlyArray<CrashedCamera>,
  random: Random,
  downSeconds: number,
): Promise<Round> => {
  await pause(steadySeconds + random() * randomSeconds)
  const settled = await settledRows(trial)
  const tails = await killEverything(trial, cameras)
  await pause(random() * downSeconds)
  const fromMillis = Date.now()
  await trial.service.start()
  const back = { fromMillis, toMillis: Date.now() }
  await allAre(trial, cameras, "recording")
  const { recordings, gaps } = await catalogRows(trial)
  return { tails, back, changed: changedRows(settled, [...recordings, ...gaps]) }
}

/** Two starts after one crash, with cameras that cannot be reached: nothing happens but the repair. */
const repairTwice = async (trial: Trial, cameras: ReadonlyArray<CrashedCamera>) => {
  await pause(steadySeconds)
  await killEverything(trial, cameras)
  await Promise.all(cameras.map(({ camera }) => camera.set({ kind: "refuse" })))
  const lives: Array<Awaited<ReturnType<typeof catalogRows>>> = []
  const firstLifeAtMillis = Date.now()
  for (const life of [1, 2]) {
    const lifeAtMillis = Date.now()
    await trial.service.start()
    await allAre(trial, cameras, "backoff")
    await awaitFact(`what happened before life ${life} is in the database`, async () => {
      const { recordings, gaps } = await catalogRows(trial)
      const down = gaps.filter(
        ({ cause, toMillis }) => cause === "service_down" && (toMillis ?? 0) >= lifeAtMillis,
      )
      return (
        recordings.every(({ isSettled }) => isSettled) &&
        cameras.every(({ id }) => down.some(({ cameraId }) => cameraId === id))
      )
    })
    lives.push(await catalogRows(trial))
    // Not before the second life: its rows are to be those of a service that was killed, too.
    await trial.service.end("SIGKILL")
    await awaitFact("no try is under way", () => trial.service.runs().length === 0)
  }
  await Promise.all(cameras.map(({ camera }) => camera.clear("refuse")))
  await trial.service.start()
  await allAre(trial, cameras, "recording")
  const [first, second] = lives.map(({ recordings, gaps }) => [
    ...recordings,
    ...gaps.filter(({ fromMillis }) => fromMillis < firstLifeAtMillis),
  ])
  return { first: first ?? [], second: second ?? [] }
}

/** What the account of the time after one crash says of one camera, against the frames around it. */
const accountOf = async (trial: Trial, { lastSentAtMillis, cameraId }: Tail, back: Span) => {
  const next = stampsOf(trial.cameraDirectory(cameraId)).find(
    ({ sentAtMillis }) => sentAtMillis > lastSentAtMillis,
  )
  const nextMillis = next?.sentAtMillis ?? Number.NaN
  const { spans } = await trial.coverage(cameraId, lastSentAtMillis - 500, nextMillis + 500)
  const gaps = spans.filter(({ kind }) => kind !== "recorded")
  const down = gaps.find(({ cause }) => cause === "service_down")
  const backMillis = Date.parse(down?.to ?? "")
  return {
    causes: gaps.map(({ kind, cause }) => cause ?? kind).join("+"),
    distances: [
      Math.abs(Date.parse(down?.from ?? "") - (lastSentAtMillis + frameMillis)),
      Math.abs(Date.parse(gaps.at(-1)?.to ?? "") - nextMillis),
      // The service was back at some instant between its start and its readiness.
      Math.max(0, back.fromMillis - backMillis, backMillis - back.toMillis),
    ],
  }
}

const lossVerdict = (rounds: ReadonlyArray<Round>): Verdict => {
  const tails = rounds.flatMap((round) => round.tails)
  const seconds = tails.map(({ lostFrames }) => (lostFrames * frameMillis) / 1000)
  const owed = tails.map(({ starvedSeconds }, at) => (seconds[at] ?? 0) - starvedSeconds)
  return {
    name: "total_crash.tail",
    figures: {
      rounds: rounds.length,
      tails: seconds.length,
      worst_seconds: rounded(greatest(seconds)),
      median_seconds: rounded(median(seconds)),
      longest_wait_for_processor_seconds: rounded(
        greatest(tails.map(({ starvedSeconds }) => starvedSeconds)),
      ),
    },
    target:
      "at most 1.0 s of a camera is lost before the kill, and what FFmpeg waited for a processor in the second before",
    met: greatest(owed) <= 1.0001,
  }
}

/** Service and recorders die at one instant, again and again: what is lost, and what the next start makes of it. */
export const measureTotalCrash = async (options: TotalCrashOptions): Promise<ReadonlyArray<Verdict>> => {
  const paths = Array.from({ length: options.cameras }, (_, at) => `cam${at}`)
  // Ports of their own: they are to refuse connections.
  const simulated = paths.map((path) => ({ path, port: 0 }))
  const environment = { RECORDING_RETRY_MAX: "2" }
  return Trial.run({ ...options, environment, cameras: simulated }, async (trial) => {
    const random = seededRandom(options.seed, "total crash")
    const cameras: Array<CrashedCamera> = []
    for (const path of paths) {
      const camera = trial.simulator.camera(path)
      cameras.push({ id: await trial.add(path, camera.url), camera })
    }
    await allAre(trial, cameras, "recording")
    const rounds: Array<Round> = []
    for (let round = 0; round < options.rounds; round += 1) {
      rounds.push(await crashOnce(trial, cameras, random, options.downSeconds))
    }
    const { first, second } = await repairTwice(trial, cameras)
    await trial.stopAll(cameras.map(({ id }) => id))
    const faults = (await Promise.all(cameras.map(({ id }) => rowFaults(trial, id)))).flat()
    const accounts = (
      await Promise.all(
        rounds.map(({ tails, back }) => Promise.all(tails.map((tail) => accountOf(trial, tail, back)))),
      )
    ).flat()
    const worst = greatest(accounts.flatMap(({ distances }) => distances))
    const causes = new Set(accounts.map((account) => account.causes))
    const changed = [...rounds.flatMap((round) => round.changed), ...changedRows(first, second)]
    return [
      lossVerdict(rounds),
      {
        name: "total_crash.gaps",
        figures: {
          gaps: accounts.length,
          causes: [...causes].toSorted().join(" "),
          worst_boundary_seconds: rounded(worst / 1000),
          row_faults: faults.length,
          first_row_fault: faults[0] ?? "none",
        },
        target:
          "one gap from the last frame to the first of the next run, service_down until the service is back, bounds within 0.5 s",
        met:
          worst <= boundaryMillis &&
          [...causes].every((cause) => ["service_down+starting", "service_down"].includes(cause)) &&
          faults.length === 0,
      },
      {
        name: "total_crash.twice",
        figures: {
          rows: first.length,
          rows_of_second_start: second.length,
          changed: changed.length,
          first_changed: changed[0] ?? "none",
        },
        target: "a second start changes no row of files and gaps before the first, and adds none",
        met: first.length > 0 && first.length === second.length && changed.length === 0,
      },
    ]
  })
}
