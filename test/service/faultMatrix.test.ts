import { fileURLToPath } from "node:url"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Schema from "effect/Schema"
import { SimulatorProcess } from "../../src/demo/simulator/SimulatorProcess.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { CameraTransitions } from "./CameraTransitions.ts"
import { coverageOutages } from "./coverageOutages.ts"
import type { Stage } from "./FaultScene.ts"
import { routes, type FaultScenario } from "./FaultScenario.ts"
import { faultScenarios } from "./faultScenarios.ts"
import { HealthAnswer } from "./healthAnswer.ts"
import { type Observation, playScenario, takingTurns } from "./playScenario.ts"

const clipDirectory = fileURLToPath(new URL("../.cache/clips", import.meta.url))

/** Short waits between tries; stall limit and socket timeout stay those of an installation. */
const quick = {
  RECORDING_HEALTHY_SPELL: "2",
  RECORDING_RETRY_INITIAL: "0.5",
  RECORDING_RETRY_MAX: "2",
  RECORDING_RETRY_PERMANENT: "2",
  RECORDING_AUDIO_RETRY: "3",
}
const impatient = { ...quick, RECORDING_CONNECT_TIMEOUT: "10" }

/** The longest wait between tries, and a try that still hangs on the fault. */
const recoveredWithinSeconds = 15

/** Of all clips that these scenarios show. */
const frameMillis = 40

/** Vigia calls a hole a gap from 0.5 s on, and knows its bounds almost as well. */
const surelyGapMillis = 750

/** All at once would measure the start of forty processes on two cores instead of faults. */
const betweenStartsMillis = 150

const startStage = async (environment: Readonly<Record<string, string>>): Promise<Stage> => {
  const service = await VigiaService.start({ environment })
  return { service, transitions: new CameraTransitions(join(service.directory, "service-1.log")) }
}

const addOwner = async ({ service }: Stage): Promise<number> => {
  const { body } = await service.request("POST", "/api/owners", { name: "tests", plan: "basic" })
  return Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))(body).id
}

/** Of a sample that is taken from now on. */
const recoveriesOf = ({ service }: Stage): Promise<ReadonlyMap<number, ReadonlyArray<number>>> => {
  const sinceMillis = Date.now()
  return awaitFact("health is measured", async () => {
    const { body } = await service.request("GET", "/api/health")
    const { measured_at, cameras } = Schema.decodeUnknownSync(HealthAnswer)(body)
    return Date.parse(measured_at) > sinceMillis
      ? new Map(cameras.map(({ camera_id, failures }) => [camera_id, failures.recovery_seconds]))
      : null
  })
}

type Outcome = PromiseSettledResult<Observation>

const seconds = (millis: number | null): string => (millis === null ? "-" : (millis / 1000).toFixed(1))

const routeOf = ({ transitions }: Observation): string => transitions.map(({ to }) => to).join(" ")

const causesOf = ({ transitions }: Observation): ReadonlyArray<string> => [
  ...new Set(transitions.flatMap(({ to, cause }) => (to === "backoff" ? [cause ?? "none"] : []))),
]

/** Between the last frame of a file and the first one of the next, by the camera's own stamps. */
const holesMillis = ({ files }: Observation): ReadonlyArray<number> =>
  files
    .slice(1)
    .map(
      ({ firstSentAtMillis }, index) =>
        firstSentAtMillis - (files[index]?.lastSentAtMillis ?? 0) - frameMillis,
    )

const figuresOf = (scenario: FaultScenario, observation: Observation): string =>
  [
    scenario.name.padEnd(52),
    `detected ${seconds(observation.detectedMillis)}`.padEnd(15),
    `recovered ${seconds(observation.recoveredMillis)}`.padEnd(16),
    `lost ${observation.runs.map(({ lostFrames }) => lostFrames).join("+")}`.padEnd(11),
    `tail ${observation.runs.map(({ tailFrames }) => tailFrames).join("+")}`.padEnd(12),
    observation.lag === null
      ? ""
      : `lag ${seconds(observation.lag.atArrivalMillis)}, at most ${seconds(observation.lag.beforeArrivalMillis)} `,
    `out ${coverageOutages(observation.coverage).join("+")}`.padEnd(18),
    causesOf(observation).join(", "),
  ].join(" ")

describe("fault matrix", () => {
  const outcomes = new Map<FaultScenario, Outcome>()
  const recoveries = new Map<Stage, ReadonlyMap<number, ReadonlyArray<number>>>()
  const opened: Array<() => Promise<unknown>> = []

  beforeAll(async () => {
    const simulator = await SimulatorProcess.start({ clipDirectory, cameras: [] })
    opened.push(() => simulator.stop())
    const [patientStage, impatientStage] = await Promise.all([startStage(quick), startStage(impatient)])
    opened.push(() => patientStage.service.remove())
    opened.push(() => impatientStage.service.remove())
    const owners = new Map([
      [patientStage, await addOwner(patientStage)],
      [impatientStage, await addOwner(impatientStage)],
    ])
    const inTurn = takingTurns()
    const settled = await Promise.allSettled(
      faultScenarios.map(async (scenario, index) => {
        await delay(index * betweenStartsMillis)
        const stage = scenario.impatient === true ? impatientStage : patientStage
        return playScenario(scenario, {
          stage,
          simulator,
          path: `camera${index + 1}`,
          ownerId: owners.get(stage) ?? 0,
          inTurn,
        })
      }),
    )
    for (const [index, scenario] of faultScenarios.entries()) {
      const outcome = settled[index]
      if (outcome !== undefined) outcomes.set(scenario, outcome)
    }
    await Promise.all(
      [...owners.keys()].map(async (stage) => recoveries.set(stage, await recoveriesOf(stage))),
    )
  }, 180_000)

  afterAll(async () => {
    for (const close of opened.toReversed()) await close()
    const figures = [...outcomes].flatMap(([scenario, outcome]) =>
      outcome.status === "fulfilled" ? [figuresOf(scenario, outcome.value)] : [],
    )
    process.stdout.write(`${figures.join("\n")}\n`)
  })

  it.each(faultScenarios)("$name", (scenario) => {
    const outcome = outcomes.get(scenario)
    if (outcome?.status !== "fulfilled") throw outcome?.reason ?? new Error("was not played")
    const observation = outcome.value
    const { coverage, files, recordings, lag } = observation

    expect.soft(routeOf(observation)).toMatch(routes[scenario.route])
    const isExpected = (cause: string): boolean => cause !== scenario.earlyRetryCause
    expect.soft(causesOf(observation).filter(isExpected)).toEqual(scenario.causes)

    const gaps = new Set(coverage.spans.flatMap(({ cause }) => (cause === undefined ? [] : [cause])))
    gaps.delete("starting")
    if (holesMillis(observation).every((millis) => millis > surelyGapMillis)) {
      expect.soft([...gaps].filter(isExpected)).toEqual(scenario.causes)
    } else {
      expect.soft(scenario.causes).toEqual(expect.arrayContaining([...gaps].filter(isExpected)))
    }
    expect.soft(coverage.spans[0]?.from).toBe(coverage.from)
    expect.soft(coverage.spans.at(-1)?.to).toBe(coverage.to)
    expect
      .soft(coverage.spans.slice(1).map(({ from }) => from))
      .toEqual(coverage.spans.slice(0, -1).map(({ to }) => to))

    const outages = coverageOutages(coverage)
    const reported = recoveries.get(observation.stage)?.get(observation.cameraId) ?? []
    expect.soft(reported.length).toBe(outages.length)
    for (const [index, outSeconds] of outages.entries()) {
      // Told once the run has lasted: its beginning is then known to the hundredth.
      expect.soft(Math.abs((reported[index] ?? NaN) - outSeconds)).toBeLessThan(0.1)
    }

    if (scenario.detectedWithinSeconds !== undefined) {
      expect
        .soft((observation.detectedMillis ?? Infinity) / 1000)
        .toBeLessThan(scenario.detectedWithinSeconds)
    }
    if (observation.recoveredMillis !== null) {
      expect.soft(observation.recoveredMillis / 1000).toBeLessThan(recoveredWithinSeconds)
    }
    if (scenario.alert !== undefined) {
      expect.soft(observation.noted?.alerts).toContain(scenario.alert)
      expect.soft(observation.lastAlerts).not.toContain(scenario.alert)
    }

    // A camera that fails from its first moment: what is noted is its only failure.
    if (scenario.route === "failsThenRecords") {
      expect.soft(observation.noted?.cause).toBe(scenario.causes.at(-1))
    }

    expect.soft(files.length).toBeGreaterThan(0)
    for (const file of files) {
      expect.soft(file.videoFrames).toBeGreaterThan(0)
      if (scenario.damaged === true) continue
      expect.soft(file.decodeErrors).toBe("")
      expect.soft(file.videoFrames).toBe(file.lastSequence - file.firstSequence + 1)
    }
    for (const { lostFrames, tailFrames } of observation.runs) {
      if (scenario.damaged !== true) expect.soft(lostFrames).toBe(0)
      expect.soft(tailFrames).toBeLessThanOrEqual(1000 / frameMillis)
    }
    for (const [index, recording] of recordings.entries()) {
      const file = files[index]
      if (file === undefined) continue
      const startMillis = Date.parse(recording.start_time)
      const endMillis = Date.parse(recording.end_time)
      expect.soft(Math.abs(startMillis - file.firstSentAtMillis)).toBeLessThan(500)
      expect.soft(Math.abs(endMillis - file.lastSentAtMillis - frameMillis)).toBeLessThan(500)
    }
    expect.soft(recordings.map(({ frames }) => frames)).toEqual(files.map(({ videoPackets }) => videoPackets))
    expect.soft(files.at(-1)?.videoTag).toBe(scenario.videoTag ?? "avc1")
    if (scenario.audio !== undefined) expect.soft(files.at(-1)?.audioCodec ?? null).toBe(scenario.audio)

    if (scenario.audioMeanwhile !== undefined) {
      expect.soft(observation.noted?.audio).toBe(scenario.audioMeanwhile)
      const isMissing = scenario.audioMeanwhile === "missing" || scenario.alert === "audio_missing"
      expect.soft(observation.noted?.notes).toEqual(isMissing ? ["audio_missing"] : [])
    }
    if (scenario.audio !== undefined) {
      expect.soft(recordings.at(-1)?.audio).toBe(scenario.audio === null ? "none" : "recorded")
    }

    if (scenario.watchesLag === true) {
      expect.soft(lag?.fragments).toBeGreaterThan(5)
      expect.soft(lag?.atArrivalMillis).toBeLessThan(1000)
      // A fragment lasts 1 s: this is the same figure for its first frame.
      expect.soft(lag?.beforeArrivalMillis).toBeLessThan(2000)
    }
  })
})
