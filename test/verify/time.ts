import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { readFrameStamps } from "../../src/demo/simulator/readFrameStamps.ts"
import { seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { type Imprint, cameraFiles, imprints, instantOfName, lostImprints } from "./cameraFiles.ts"
import { FakedRun } from "./FakedRun.ts"
import { type Verdict, greatest, rounded } from "./verdict.ts"

export interface TimeOptions {
  readonly seed: number
  /** How long each run is recorded, the step or the turn of the clock in its midst. */
  readonly seconds: number
  /** How often each case is run, all at the same time. */
  readonly rounds: number
}

/** What happens to the clock in the midst of a run. */
interface ClockCase {
  readonly name: string
  readonly timeZone: string
  /** The clock is stepped by so much. */
  readonly stepMillis: number
  /** The clock shows this in the midst of the run; null where it shows any time. */
  readonly turnAt: string | null
}

const step = (name: string, seconds: number): ClockCase => ({
  name: `step ${name}`,
  timeZone: "UTC",
  stepMillis: seconds * 1000,
  turnAt: null,
})

const turn = (name: string, timeZone: string, turnAt: string): ClockCase => ({
  name,
  timeZone,
  stepMillis: 0,
  turnAt,
})

const cases: ReadonlyArray<ClockCase> = [
  step("-10 s", -10),
  step("-1 h", -3600),
  step("-1 day", -86_400),
  step("+1 h", 3600),
  turn("midnight UTC", "UTC", "2026-07-01T00:00:00Z"),
  turn("midnight Sao Paulo", "America/Sao_Paulo", "2026-07-01T03:00:00Z"),
  turn("spring Berlin", "Europe/Berlin", "2026-03-29T01:00:00Z"),
  turn("autumn Berlin", "Europe/Berlin", "2026-10-25T01:00:00Z"),
]

const segmentSeconds = 4
const frameMillis = 40
const gopMillis = 1000
/** Of a measured start. */
const marginMillis = 150

interface RunFigures {
  readonly name: string
  readonly files: number
  readonly faults: ReadonlyArray<string>
  /** Sum of the segments against the time from the first to the last frame. */
  readonly durationErrorSeconds: number
  /** Start of a segment against its first frame, on the clock of then. */
  readonly startErrorSeconds: number
}

/** Holds what was recorded against the stamps of the frames; offsets are those before and after the step. */
const judge = (
  clockCase: ClockCase,
  run: FakedRun,
  before: ReadonlyArray<Imprint>,
  offsetsMillis: readonly [number, number],
): RunFigures => {
  const faults: Array<string> = []
  const { summaries } = run
  const files = cameraFiles(run.cameraDirectory)
  const changed = lostImprints(run.cameraDirectory, before)
  if (changed.length > 0) faults.push(`overwritten: ${changed.map(({ path }) => path).join(", ")}`)
  if (files.length !== summaries.length) faults.push(`${files.length} files, ${summaries.length} segments`)
  const sequences: Array<number> = []
  const sentMillis: Array<number> = []
  const startErrors: Array<number> = []
  let recordedMillis = 0
  /** How far FFmpeg was behind the camera when it ended the file before: so late it looked at its clock. */
  let behindMillis = 0
  for (const { filePath, startedAtMillis, endedAtMillis, clockStepMillis, number } of summaries) {
    const stamps = readFrameStamps(join(run.recordingsDirectory, filePath))
    sequences.push(...stamps.map(({ sequence }) => sequence))
    sentMillis.push(...stamps.map(({ sentAtMillis }) => sentAtMillis))
    recordedMillis += endedAtMillis - startedAtMillis
    if (endedAtMillis < startedAtMillis) faults.push(`${filePath} ends before it starts`)
    // A name that was taken already moves on by a second.
    const lateMillis = instantOfName(filePath) - Math.floor(startedAtMillis / 1000) * 1000
    if (!(lateMillis >= -1000 && lateMillis <= 2000)) faults.push(`${filePath} starts at ${startedAtMillis}`)
    const firstMillis = stamps[0]?.sentAtMillis ?? Number.NaN
    startErrors.push(
      Math.min(...offsetsMillis.map((offset) => Math.abs(startedAtMillis - firstMillis - offset))),
    )
    // Cut at the first keyframe after the boundary of FFmpeg's clock: that clock is faked indeed.
    const sinceBoundaryMillis = (startedAtMillis + marginMillis) % (segmentSeconds * 1000)
    const isBeforeBoundary = segmentSeconds * 1000 - sinceBoundaryMillis <= behindMillis
    const isNearBoundary = sinceBoundaryMillis <= gopMillis + 2 * marginMillis || isBeforeBoundary
    if (number > 0 && clockStepMillis === 0 && !isNearBoundary) {
      faults.push(`${filePath} is not cut on the clock`)
    }
    if (number > 0 && clockStepMillis !== 0 && Math.abs(clockStepMillis - clockCase.stepMillis) > 500) {
      faults.push(`${filePath}: a step of ${clockStepMillis} ms`)
    }
    const path = join(run.recordingsDirectory, filePath)
    behindMillis = Math.max(0, statSync(path).mtimeMs - (stamps.at(-1)?.sentAtMillis ?? Infinity))
  }
  const steps = summaries.filter(({ clockStepMillis }) => clockStepMillis !== 0).length
  if (steps !== (clockCase.stepMillis === 0 ? 0 : 1)) faults.push(`${steps} steps of the clock were seen`)
  const first = Math.min(...sequences)
  const frames = new Set(sequences).size
  if (frames !== sequences.length || Math.max(...sequences) - first + 1 !== frames) faults.push("frames lost")
  const trueMillis = Math.max(...sentMillis) + frameMillis - Math.min(...sentMillis)
  return {
    name: clockCase.name,
    files: files.length,
    faults: faults.map((fault) => `${clockCase.name}: ${fault}`),
    durationErrorSeconds: Math.abs(recordedMillis - trueMillis) / 1000,
    startErrorSeconds: greatest(startErrors) / 1000,
  }
}

/** One run from its first file to its last, its clock stepped or turned at an instant of chance in its midst. */
const runCase = async (
  clockCase: ClockCase,
  { seconds }: TimeOptions,
  place: { readonly url: string; readonly directory: string; readonly name: string },
  random: () => number,
): Promise<RunFigures> => {
  const halfMillis = (seconds / 2) * 1000 + random() * segmentSeconds * 1000
  const beforeMillis = clockCase.turnAt === null ? 0 : Date.parse(clockCase.turnAt) - halfMillis - Date.now()
  const run = FakedRun.start({
    name: place.name,
    url: place.url,
    recordingsDirectory: place.directory,
    segmentSeconds,
    timeZone: clockCase.timeZone,
    offsetMillis: beforeMillis,
  })
  try {
    const startedAtMillis = performance.now()
    const lasted = (millis: number) =>
      new Promise((passed) => setTimeout(passed, millis - (performance.now() - startedAtMillis)))
    await awaitFact("a first file is published", () => run.summaries.length > 0)
    await lasted(halfMillis)
    const before = imprints(run.cameraDirectory)
    const afterMillis = beforeMillis + clockCase.stepMillis
    run.setClock(afterMillis)
    await lasted(seconds * 1000 + random() * 2000)
    await run.end()
    return judge(clockCase, run, before, [beforeMillis, afterMillis])
  } finally {
    await run.end()
  }
}

/** Steps of our clock inside a run, midnight and the changes of summer time. */
export const measureTime = async (options: TimeOptions): Promise<ReadonlyArray<Verdict>> => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-time-"))
  const simulator = await SimulatorProcess.start({
    clipDirectory: resolve("test/.cache/clips"),
    cameras: [{ path: "cam" }],
    seed: options.seed,
  })
  try {
    const { url } = simulator.camera("cam")
    const rounds = Array.from({ length: options.rounds }, (_, round) => round)
    const figures = await Promise.all(
      rounds.flatMap((round) =>
        cases.map((clockCase, at) => {
          const name = `run-${round}-${at}`
          return runCase(clockCase, options, { url, directory, name }, seededRandom(options.seed, name))
        }),
      ),
    )
    const verdict = (name: string, runs: ReadonlyArray<RunFigures>): Verdict => {
      const faults = runs.flatMap((run) => run.faults)
      const durationError = greatest(runs.map(({ durationErrorSeconds }) => durationErrorSeconds))
      const startError = greatest(runs.map(({ startErrorSeconds }) => startErrorSeconds))
      return {
        name,
        figures: {
          cases: [...new Set(runs.map((run) => run.name))].join(", "),
          runs: runs.length,
          files: runs.reduce((sum, { files }) => sum + files, 0),
          worst_duration_error_seconds: rounded(durationError),
          worst_start_error_seconds: rounded(startError),
          faults: faults.length === 0 ? "none" : faults.join("; "),
        },
        target:
          "nothing overwritten, no frame lost, names in UTC, no end before a start, times right within 0.5 s",
        met: faults.length === 0 && durationError <= 0.5 && startError <= 0.5,
      }
    }
    const isStep = ({ name }: RunFigures) => name.startsWith("step")
    return [
      verdict("time.steps", figures.filter(isStep)),
      verdict(
        "time.turns",
        figures.filter((run) => !isStep(run)),
      ),
    ]
  } finally {
    await simulator.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
