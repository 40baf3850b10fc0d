import { createActor, fromCallback, fromPromise, SimulatedClock } from "xstate"
import { cameraMachine } from "../../machines/camera.ts"
import {
  defaultCameraDelays,
  type CameraDelays,
  type CameraFact,
  type CameraSettings,
} from "../../machines/cameraContract.ts"
import type {
  FragmentWritten,
  RecorderCommand,
  RecorderEvent,
  RecorderExited,
  RecorderInput,
  RecorderStarted,
} from "../../machines/recorderContract.ts"
import { defaultRestartPolicy, type RestartPolicySettings } from "../../machines/restartPolicy.ts"

/** Chance that repeats itself (mulberry32): the same seed gives the same numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Lets simulated time pass in small steps, so that a timer set by a timer still fires at its own time. */
export function advance(clock: SimulatedClock, millis: number, stepMillis = 1): void {
  const endMillis = clock.now() + millis
  while (clock.now() < endMillis) clock.set(Math.min(endMillis, clock.now() + stepMillis))
}

export function settingsFor(clock: SimulatedClock, seed = 1): CameraSettings {
  return {
    policy: defaultRestartPolicy,
    delays: defaultCameraDelays,
    random: seededRandom(seed),
    nowMillis: () => clock.now(),
  }
}

/** A run without FFmpeg: remembers what it was told, and says what the test makes it say. */
export interface SimulatedRun {
  readonly input: RecorderInput
  readonly startedAtMillis: number
  readonly commands: Array<RecorderCommand>
  readonly say: (event: RecorderEvent) => void
  readonly started: (changes?: Partial<RecorderStarted>) => void
  readonly fragment: (changes?: Partial<FragmentWritten>) => void
  readonly exited: (changes?: Partial<RecorderExited>) => void
}

export class SimulatedRecorder {
  readonly runs: Array<SimulatedRun> = []
  /** Starts minus exits said: the invariant is that it never exceeds one per camera. */
  readonly alive = new Map<number, number>()
  mostAliveOfOneCamera = 0
  /** What every new run does by itself; nothing unless the test says so. */
  onStart: (run: SimulatedRun) => void = () => {}
  onCommand: (run: SimulatedRun, command: RecorderCommand) => void = () => {}
  readonly clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.clock = clock
  }

  readonly logic = fromCallback<RecorderCommand, RecorderInput>(({ input, sendBack, receive }) => {
    const { clock } = this
    const { cameraId, attempt } = input
    this.countAlive(cameraId, 1)
    const run: SimulatedRun = {
      input,
      startedAtMillis: clock.now(),
      commands: [],
      say: (event) => sendBack(event),
      started: (changes) =>
        sendBack({
          type: "recorder.started",
          attempt,
          runId: `run-${attempt}`,
          pid: 1000 + attempt,
          audio: input.audio,
          ...changes,
        } satisfies RecorderStarted),
      fragment: (changes) =>
        sendBack({
          type: "fragment.written",
          attempt,
          atMillis: clock.now(),
          ...changes,
        } satisfies FragmentWritten),
      exited: (changes) => {
        this.countAlive(cameraId, -1)
        sendBack({
          type: "recorder.exited",
          attempt,
          cause: "camera_unreachable",
          permanent: false,
          detail: "Connection refused",
          remedy: "none",
          atMillis: clock.now(),
          ...changes,
        } satisfies RecorderExited)
      },
    }
    receive((command) => {
      run.commands.push(command)
      this.onCommand(run, command)
    })
    this.runs.push(run)
    this.onStart(run)
  })

  /** The latest run. */
  get last(): SimulatedRun {
    const run = this.runs.at(-1)
    if (run === undefined) throw new Error("no run was started")
    return run
  }

  endWhenTold(): void {
    this.onCommand = (run, { type }) => {
      if (type === "recorder.stop_requested")
        run.exited({ cause: "process_crashed", detail: "ended by TERM" })
    }
  }

  private countAlive(cameraId: number, change: 1 | -1): void {
    const alive = (this.alive.get(cameraId) ?? 0) + change
    this.alive.set(cameraId, alive)
    this.mostAliveOfOneCamera = Math.max(this.mostAliveOfOneCamera, alive)
  }
}

export interface SimulationOptions {
  readonly enabled?: boolean
  readonly seed?: number
  readonly policy?: Partial<RestartPolicySettings>
  readonly delays?: Partial<CameraDelays>
  readonly audioProbe?: () => Promise<boolean>
}

/** One camera actor on a simulated clock, with a simulated recorder, and all it reported. */
export function simulateCamera(options: SimulationOptions = {}) {
  const clock = new SimulatedClock()
  const recorder = new SimulatedRecorder(clock)
  const facts: Array<CameraFact> = []
  const machine = cameraMachine.provide({
    actors: {
      recorder: recorder.logic,
      audioProbe: fromPromise(options.audioProbe ?? (() => Promise.resolve(false))),
    },
    actions: {
      report: (_args, fact) => {
        facts.push(fact)
      },
    },
  })
  const settings = settingsFor(clock, options.seed)
  const actor = createActor(machine, {
    clock,
    input: {
      ...settings,
      policy: { ...settings.policy, ...options.policy },
      delays: { ...settings.delays, ...options.delays },
      cameraId: 1,
      enabled: options.enabled ?? true,
      supervisor: null,
    },
  })
  actor.start()
  const value = () => actor.getSnapshot().value
  const context = () => actor.getSnapshot().context
  const pass = (millis: number, stepMillis?: number) => advance(clock, millis, stepMillis)
  /** Steady fragments, one a second, the first one second from now. */
  const recordFor = (millis: number) => {
    for (let passed = 0; passed < millis; passed += 1_000) {
      pass(1_000, 100)
      recorder.last.fragment()
    }
  }
  const states = () => facts.flatMap((fact) => (fact.type === "camera.state_changed" ? [fact.to] : []))
  const ofType = <Type extends CameraFact["type"]>(type: Type) =>
    facts.filter((fact): fact is Extract<CameraFact, { type: Type }> => fact.type === type)
  return { actor, clock, recorder, facts, value, context, pass, recordFor, states, ofType }
}
