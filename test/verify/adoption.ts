import { type Random, seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import type { CoverageAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeChangedCopy } from "./changedCopy.ts"
import { type FrameAccount, frameAccount } from "./frameAccount.ts"
import { type Restart, type RestartKind, type RestartPlan, restartService } from "./restartService.ts"
import { rowFaults } from "./rowFaults.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, median, rounded } from "./verdict.ts"

export interface AdoptionOptions extends TrialGround {
  readonly seed: number
  readonly cameras: number
  /** Restarts by SIGKILL, by SIGUSR2, and by SIGUSR2 with another version of the code. */
  readonly kills: number
  readonly handovers: number
  readonly upgrades: number
  /** Each life of the service lasts up to so long after its cameras record, and so long there is none. */
  readonly upSeconds: number
  readonly downSeconds: number
  /** Within this time of the start of the process all runs are adopted; 2 s unless given. */
  readonly mostStartSeconds?: number
}

/** Cut on the clock, so that files begin and end while there is no service. */
const segmentSeconds = 15
const boundaryMillis = 500

/** What is known of one camera at the end, beside what is true. */
interface Account {
  readonly frames: FrameAccount
  readonly coverage: CoverageAnswer
  readonly rowFaults: ReadonlyArray<string>
  /** Times the camera was played since the first restart. */
  readonly played: number
}

const plansOf = (options: AdoptionOptions, random: Random): ReadonlyArray<Omit<RestartPlan, "program">> => {
  const kinds: ReadonlyArray<RestartKind> = [
    ...Array.from({ length: options.kills }, () => "kill" as const),
    ...Array.from({ length: options.handovers }, () => "handover" as const),
    ...Array.from({ length: options.upgrades }, () => "upgrade" as const),
  ]
  return kinds.map((kind) => ({ kind, downSeconds: random() * options.downSeconds }))
}

/** Versions of the code that differ from one another and from this checkout. */
const restartAll = async (
  trial: Trial,
  cameraIds: ReadonlyArray<number>,
  options: AdoptionOptions,
): Promise<ReadonlyArray<Restart>> => {
  const random = seededRandom(options.seed, "adoption")
  const restarts: Array<Restart> = []
  const copies = [500_000, 700_000].map(makeChangedCopy)
  let upgrades = 0
  try {
    for (const plan of plansOf(options, random)) {
      await new Promise((passed) => setTimeout(passed, random() * options.upSeconds * 1000))
      if (plan.kind === "upgrade") upgrades += 1
      const program = plan.kind === "upgrade" ? copies[upgrades % copies.length]?.program : undefined
      restarts.push(await restartService(trial, cameraIds, { ...plan, program }))
    }
    return restarts
  } finally {
    for (const copy of copies) copy.remove()
  }
}

const startVerdict = (restarts: ReadonlyArray<Restart>, mostSeconds: number): Verdict => {
  const seconds = restarts.map(({ adoptionSeconds }) => adoptionSeconds)
  return {
    name: "adoption.start",
    figures: {
      starts: restarts.length,
      fastest_seconds: rounded(Math.min(...seconds)),
      median_seconds: rounded(median(seconds)),
      slowest_seconds: rounded(greatest(seconds)),
      all_seconds: restarts.map((one) => `${one.kind}:${rounded(one.adoptionSeconds, 2)}`).join(" "),
    },
    target: `every start adopts all runs in under ${mostSeconds} s, from the start of the process`,
    met: greatest(seconds) < mostSeconds,
  }
}

const runVerdict = (restarts: ReadonlyArray<Restart>, accounts: ReadonlyArray<Account>): Verdict => {
  const changed = restarts.reduce((sum, { changedRuns }) => sum + changedRuns, 0)
  const unsaid = restarts.reduce((sum, one) => sum + one.unsaid, 0)
  const played = accounts.reduce((sum, one) => sum + one.played, 0)
  return {
    name: "adoption.runs",
    figures: {
      cameras: accounts.length,
      restarts: restarts.length,
      changed_processes: changed,
      not_logged: unsaid,
      connections_after_the_first: played,
    },
    target: "no process of FFmpeg changes, no camera is played again, every adopted run is logged",
    met: accounts.length > 0 && changed === 0 && unsaid === 0 && played === 0,
  }
}

const handoverVerdict = (restarts: ReadonlyArray<Restart>): Verdict => {
  const handovers = restarts.filter(({ kind }) => kind !== "kill")
  const seconds = handovers.map(({ endSeconds }) => endSeconds)
  return {
    name: "adoption.handover",
    figures: {
      handovers: handovers.length,
      exit_codes: [...new Set(handovers.map(({ exitCode }) => String(exitCode)))].join(" "),
      slowest_end_seconds: rounded(greatest(seconds)),
    },
    target: "SIGUSR2 ends the service with code 0 within 5 s",
    met: greatest(seconds) < 5 && handovers.every(({ exitCode }) => exitCode === 0),
  }
}

const frameVerdict = (accounts: ReadonlyArray<Account>): Verdict => {
  const sum = (count: (frames: FrameAccount) => number) =>
    accounts.reduce((total, { frames }) => total + count(frames), 0)
  const [lost, double, disordered] = [
    sum((frames) => frames.lost),
    sum((frames) => frames.double),
    sum((frames) => frames.disordered),
  ]
  return {
    name: "adoption.frames",
    figures: {
      files: sum(({ files }) => files.length),
      frames: sum(({ frames }) => frames),
      lost,
      double,
      disordered,
    },
    target: "no number is absent between a camera's first and last frame, none is there twice, all in order",
    met: sum(({ frames }) => frames) > 0 && lost === 0 && double === 0 && disordered === 0,
  }
}

const coverageVerdict = (accounts: ReadonlyArray<Account>): Verdict => {
  const recorded = accounts.map(({ coverage }) => coverage.spans.filter(({ kind }) => kind === "recorded"))
  const distances = accounts.flatMap(({ frames }, at) => [
    Math.abs(Date.parse(recorded[at]?.at(0)?.from ?? "") - frames.firstSentAtMillis),
    Math.abs(Date.parse(recorded[at]?.at(-1)?.to ?? "") - frames.lastSentAtMillis),
  ])
  const faults = accounts.flatMap((account) => account.rowFaults)
  return {
    name: "adoption.coverage",
    figures: {
      cameras: accounts.length,
      gaps: recorded.reduce((sum, spans) => sum + spans.length - 1, 0),
      worst_boundary_seconds: rounded(greatest(distances) / 1000),
      row_faults: faults.length,
      first_row_fault: faults[0] ?? "none",
    },
    target:
      "one recorded span from the first to the last frame, within 0.5 s, without a gap; every file has one row",
    met:
      recorded.every((spans) => spans.length === 1) &&
      greatest(distances) <= boundaryMillis &&
      faults.length === 0,
  }
}

/** Restarts of the service of all kinds at random instants under the same recorders, which must not notice. */
export const measureAdoption = async (options: AdoptionOptions): Promise<ReadonlyArray<Verdict>> => {
  const cameras = Array.from({ length: options.cameras }, (_, at) => ({ path: `cam${at}` }))
  const environment = {
    RECORDING_SEGMENT_DURATION: String(segmentSeconds),
    // What a usual installation has: a kill costs up to ten seconds of rows, which the next start writes.
    RECORDING_FLUSH_INTERVAL: "10",
  }
  return Trial.run({ ...options, environment, cameras }, async (trial) => {
    const fromMillis = Date.now()
    const ids: Array<number> = []
    for (const { path } of cameras) ids.push(await trial.add(path, trial.simulator.camera(path).url))
    await awaitFact("all cameras record", async () =>
      (await Promise.all(ids.map((id) => trial.state(id)))).every(({ state }) => state === "recording"),
    )
    const plays = () =>
      Promise.all(cameras.map(async ({ path }) => (await trial.simulator.camera(path).counters()).plays))
    const playedBefore = await plays()
    const restarts = await restartAll(trial, ids, options)
    const playedAfter = await plays()
    const toMillis = Date.now()
    await trial.stopAll(ids)
    const accounts = await Promise.all(
      ids.map(async (id, at): Promise<Account> => {
        const faults = await rowFaults(trial, id)
        return {
          frames: frameAccount(trial.cameraDirectory(id)),
          coverage: await trial.coverage(id, fromMillis, Math.max(toMillis, Date.now())),
          rowFaults: faults,
          played: (playedAfter[at] ?? Number.NaN) - (playedBefore[at] ?? Number.NaN),
        }
      }),
    )
    return [
      runVerdict(restarts, accounts),
      frameVerdict(accounts),
      coverageVerdict(accounts),
      startVerdict(restarts, options.mostStartSeconds ?? 2),
      handoverVerdict(restarts),
    ]
  })
}
