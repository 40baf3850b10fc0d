import {
  assertEvent,
  fromCallback,
  fromPromise,
  setup,
  type ErrorActorEvent,
  type EventObject,
  type SetupTypes,
} from "xstate"
import type { CameraContext, CameraStep } from "./cameraContext.ts"
import type { CameraEvent, CameraFact, CameraInput, CameraReleased } from "./cameraContract.ts"
import * as failures from "./cameraFailures.ts"
import * as steps from "./cameraSteps.ts"
import type { AudioProbeInput, RecorderCommand, RecorderInput } from "./recorderContract.ts"

/** XState's reports that a run actor, or the audio probe, failed by an error of its own. */
type RecorderActorFailed = ErrorActorEvent<unknown, `recorder-${number}`>
type AudioProbeFailed = ErrorActorEvent<unknown, "audioProbe">

type CameraMachineEvent = CameraEvent | RecorderActorFailed | AudioProbeFailed

const types: SetupTypes<
  CameraContext,
  CameraMachineEvent,
  { [id: `recorder-${number}`]: "recorder" },
  string,
  CameraInput,
  undefined,
  EventObject,
  Record<string, never>
> = {}

/** Each run has its own actor id, so that a late error of an earlier one is told apart. */
const recorderIdOf = (attempt: number) => `recorder-${attempt}` as const

const base = setup({
  types,
  actors: {
    recorder: fromCallback<RecorderCommand, RecorderInput>(() => {
      throw new Error("no recorder was provided")
    }),
    audioProbe: fromPromise<boolean, AudioProbeInput>(() =>
      Promise.reject(new Error("no audio probe was provided")),
    ),
  },
  actions: {
    report: (_args, _fact: CameraFact) => {},
  },
  guards: {
    isOfThisRun: ({ context, event }) =>
      "attempt" in event
        ? event.attempt === context.attempt
        : "actorId" in event && event.actorId === recorderIdOf(context.attempt),
    isEnabledAtStart: ({ context }) => context.enabledAtStart,
    isFresh: ({ context }) => steps.untilStalledMillis(context) > 0,
    goesOnAtOnce: ({ context }) => context.delayMillis === 0,
    waitsForRoom: ({ context }) => context.cause === "disk_full",
    isWithoutAudio: ({ context }) => context.audio === "off",
    audioArrives: (_, arrives: boolean) => arrives,
  },
  delays: {
    connectTimeout: ({ context }) => context.delays.connectTimeoutMillis,
    stallTimeout: ({ context }) => steps.untilStalledMillis(context),
    backoffDelay: ({ context }) => context.delayMillis ?? 0,
    audioRetry: ({ context }) => steps.untilAudioRetryMillis(context),
  },
})

/** An action that changes the context by a pure step and reports the facts of that step. */
const taking = (step: (context: CameraContext, event: CameraMachineEvent) => CameraStep) =>
  base.enqueueActions(({ context, event, enqueue }) => {
    const { changes, facts } = step(context, event)
    enqueue.assign(changes)
    for (const fact of facts) enqueue({ type: "report", params: fact })
  })

/** The named actors, guards, delays and actions of the camera machine. */
export const cameraParts = base.extend({
  actions: {
    enterConnecting: taking((context) => steps.entered(context, "connecting")),
    enterRecording: taking((context) => steps.entered(context, "recording")),
    enterBackoff: taking((context) => steps.entered(context, "backoff")),
    enterStopped: taking((context) => steps.entered(context, "stopped")),

    noteEnabled: taking((context) => steps.enabled(context)),
    noteRun: taking((_, event) => {
      assertEvent(event, "recorder.started")
      return steps.runKnown(event)
    }),
    noteFirstFragment: taking((context, event) => {
      assertEvent(event, "fragment.written")
      return steps.firstFragment(context, event)
    }),
    noteFragment: taking((context, event) => {
      assertEvent(event, "fragment.written")
      return steps.nextFragment(context, event)
    }),
    noteNoAudio: taking((context) => steps.audioStillMissing(context)),
    noteAudioProbeError: taking((context, event) => {
      assertEvent(event, "xstate.error.actor.audioProbe")
      return steps.audioProbeFailed(context, event.error)
    }),
    noteRoom: base.assign({ roomReturned: true }),
    noteRunError: taking((context, event) => {
      assertEvent(event, "xstate.error.actor.*")
      return steps.runActorFailed(context, event.error)
    }),
    noteRemedy: taking((_, event) => ({
      changes: event.type === "recorder.exited" ? failures.remedied[event.remedy] : {},
      facts: [],
    })),

    failByExit: taking((context, event) => {
      assertEvent(event, "recorder.exited")
      return failures.failed(context, event)
    }),
    failByError: taking((context, event) => {
      assertEvent(event, "xstate.error.actor.*")
      return failures.failedByError(context, event.error)
    }),
    failByConnectTimeout: taking((context) => failures.connectTimedOut(context)),
    failByStall: taking((context) => failures.stalled(context)),
    recycle: taking((context) => failures.recycled(context, "settings changed")),
    recycleForAudio: taking((context) => failures.recycled(context, "audio arrives again")),

    startRun: base.enqueueActions(({ context, enqueue }) => {
      const { changes } = steps.runStarted(context)
      enqueue.assign(changes)
      const input = steps.recorderInput({ ...context, ...changes })
      enqueue.spawnChild("recorder", { id: recorderIdOf(input.attempt), input })
    }),
    stopRun: base.sendTo(
      ({ context }) => recorderIdOf(context.attempt),
      ({ context }): RecorderCommand => ({
        type: "recorder.stop_requested",
        cause: context.cause ?? "unknown",
      }),
    ),
    stopRunForOperator: base.sendTo(
      ({ context }) => recorderIdOf(context.attempt),
      (): RecorderCommand => ({ type: "recorder.stop_requested", cause: "disabled" }),
    ),
    /** The run has ended: its actor goes, so that nothing it still says is heard. */
    forgetRun: base.enqueueActions(({ context, enqueue }) => {
      enqueue.stopChild(recorderIdOf(context.attempt))
      enqueue.assign({ runId: null, pid: null })
    }),
    tellReleased: base.enqueueActions(({ context, enqueue }) => {
      const released: CameraReleased = { type: "camera.released", cameraId: context.cameraId }
      if (context.supervisor !== null) enqueue.sendTo(context.supervisor, released)
    }),
  },
})
