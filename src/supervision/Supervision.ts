import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import { createActor } from "xstate"
import { cameraMachine } from "../../machines/camera.ts"
import { type CameraDelays, type CameraFact, defaultCameraDelays } from "../../machines/cameraContract.ts"
import { type RestartPolicySettings, defaultRestartPolicy } from "../../machines/restartPolicy.ts"
import { supervisorMachine } from "../../machines/supervisor.ts"
import type { SupervisorFact } from "../../machines/supervisorContract.ts"
import { DiskPressure } from "../cleanup/DiskPressure.ts"
import type { Camera } from "../domain/Camera.ts"
import { EventJournal } from "../events/EventJournal.ts"
import { monotonicMillis } from "../recorder/monotonicMillis.ts"
import type { RunEvent } from "../recorder/RunRequest.ts"
import { StreamRecorder } from "../recorder/StreamRecorder.ts"
import { Cameras, type StoredCamera } from "../storage/Cameras.ts"
import { Catalog } from "../storage/Catalog.ts"
import { AfterRun } from "./AfterRun.ts"
import { type CameraState, CameraStates } from "./CameraStates.ts"
import { audioProbeLogic, recorderLogic } from "./cameraActors.ts"
import { CameraDirectories } from "./CameraDirectories.ts"
import { logFact } from "./factLog.ts"

/** How cameras are supervised; the defaults are those of the machines. */
export interface SupervisionSettings {
  readonly policy?: Partial<RestartPolicySettings>
  readonly delays?: Partial<CameraDelays>
}

/** What the machines say; times are monotonic. */
export type SupervisionFact = CameraFact | SupervisorFact

/**
 * The one bridge between XState and Effect: gives the machines their actors, tells the catalog what they decide.
 *
 * Its layer starts the supervisor without cameras; the end of its scope ends all runs.
 */
export class Supervision extends Context.Service<
  Supervision,
  {
    /** Puts a camera under supervision; it records at once if recording is enabled. */
    readonly add: (camera: StoredCamera) => Effect.Effect<void>
    /** Takes over changed settings; the run is restarted only if what it records has changed. */
    readonly replace: (camera: StoredCamera, restart: boolean) => Effect.Effect<void>
    readonly enable: (cameraId: number) => Effect.Effect<void>
    readonly disable: (cameraId: number) => Effect.Effect<void>
    /** Ends the run of a camera and forgets the camera. */
    readonly remove: (cameraId: number) => Effect.Effect<void>
    readonly camera: (cameraId: number) => StoredCamera | undefined
    /** All cameras that were added and not removed. */
    readonly cameras: () => ReadonlyArray<StoredCamera>
    /** Tells what the machines say, as it happens; a listener must not fail. */
    readonly onFact: (listener: (fact: SupervisionFact) => void) => void
    readonly state: (cameraId: number) => Effect.Effect<CameraState>
    /** Process id of the camera's FFmpeg, where one lives. */
    readonly pid: (cameraId: number) => number | null
  }
>()("vigia/supervision/Supervision") {
  static readonly layer = (settings: SupervisionSettings = {}) =>
    Layer.effect(Supervision, makeSupervision(settings))
}

const makeSupervision = Effect.fnUntraced(function* (settings: SupervisionSettings) {
  const clock = yield* Clock.Clock
  const recorder = yield* StreamRecorder
  const catalog = yield* Catalog
  const cameras = yield* Cameras
  const directories = yield* CameraDirectories
  const pressure = yield* DiskPressure
  const { publish } = yield* EventJournal
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const runPromise = yield* FiberSet.makeRuntimePromise<never, boolean, never>()
  const known = new Map<number, StoredCamera>()
  const removed = new Set<number>()
  const factListeners: Array<(fact: SupervisionFact) => void> = []
  const states = new CameraStates()
  // The catalog works in memory: its facts are noted in the order in which they happen, never later.
  const now = Effect.runSyncWith(yield* Effect.context())
  const nowMillis = () => clock.currentTimeMillisUnsafe()
  const afterRun = new AfterRun((cameraId) => recorder.pids().has(cameraId))
  const noteAfterRun = (cameraId: number, fact: Effect.Effect<void>): void =>
    afterRun.whenEnded(cameraId, () => now(fact))

  const cameraOf = (cameraId: number): StoredCamera => {
    const camera = known.get(cameraId)
    if (camera === undefined) throw new Error(`camera ${cameraId} is not supervised`)
    return camera
  }

  const onRunEvent = (cameraId: number, event: RunEvent): void => {
    if (event.type === "run.exited") afterRun.ended(cameraId)
    if (event.type !== "profile.probed") return
    const camera = known.get(cameraId)
    if (camera !== undefined) {
      const probed = { ...camera, profile: event.profile }
      known.set(cameraId, probed)
      // A fault of the disk is told by the run itself, which needs the same directory.
      run(Effect.asVoid(directories.prepare(probed)))
    }
    run(
      cameras.setProfile(cameraId, event.profile).pipe(
        Effect.asVoid,
        // Not remembered means probed again after the next restart of the service: no harm.
        Effect.catch((error) => Effect.logWarning(`the probe's result was not stored: ${error.message}`)),
        Effect.annotateLogs("camera_id", cameraId),
      ),
    )
  }

  const report = (fact: SupervisionFact): void => {
    states.noted(fact, nowMillis())
    if (fact.type === "camera.state_changed") {
      const { type, cameraId, from, to, cause, detail, lastedMillis } = fact
      publish({ type, cameraId, from, to, cause, detail, lastedMillis })
    }
    if (fact.type === "outage.began") {
      noteAfterRun(fact.cameraId, catalog.outageBegan(fact.cameraId, fact.cause, fact.detail, nowMillis()))
    }
    for (const listener of factListeners) listener(fact)
    run(logFact(fact))
  }

  const services = {
    camera: cameraOf,
    start: recorder.start,
    prepare: (camera: Camera) =>
      Effect.gen(function* () {
        return (yield* pressure.refusal) ?? (yield* directories.prepare(camera))
      }),
    onRunEvent,
    audioArrives: (camera: Camera) => runPromise(recorder.audioArrives(camera)),
  }
  recorder.onReport((reports) => {
    now(catalog.segmentsChanged(reports.flatMap(({ segments }) => segments)))
  })

  const camera = cameraMachine.provide({
    actors: { recorder: recorderLogic(services), audioProbe: audioProbeLogic(services) },
    actions: { report: (_, fact) => report(fact) },
  })
  const supervisor = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createActor(
        supervisorMachine.provide({ actors: { camera }, actions: { report: (_, fact) => report(fact) } }),
        {
          input: {
            policy: { ...defaultRestartPolicy, ...settings.policy },
            delays: { ...defaultCameraDelays, ...settings.delays },
            random: Math.random,
            nowMillis: monotonicMillis,
          },
        },
      ).start(),
    ),
    (actor) =>
      Effect.callback<void>((resume) => {
        const subscription = actor.subscribe({ complete: () => resume(Effect.void) })
        if (actor.getSnapshot().status !== "active") resume(Effect.void)
        else actor.send({ type: "shutdown.requested" })
        return Effect.sync(() => subscription.unsubscribe())
      }),
  )
  supervisor.subscribe({
    error: (error) => run(Effect.logFatal(`the supervisor failed: ${String(error)}`)),
  })

  pressure.onRoomReturned(() => supervisor.send({ type: "room.returned" }))

  return Supervision.of({
    add: (added) =>
      Effect.sync(() => {
        known.set(added.id, added)
        supervisor.send({ type: "camera.added", cameraId: added.id, enabled: added.recordingEnabled })
      }),
    replace: (changed, restart) =>
      Effect.sync(() => {
        known.set(changed.id, changed)
        if (restart) supervisor.send({ type: "camera.reconfigured", cameraId: changed.id })
      }),
    enable: (cameraId) =>
      Effect.sync(() => {
        noteAfterRun(cameraId, catalog.cameraEnabled(cameraId, nowMillis()))
        supervisor.send({ type: "camera.enabled", cameraId })
      }),
    disable: (cameraId) =>
      Effect.sync(() => {
        noteAfterRun(cameraId, catalog.cameraDisabled(cameraId, nowMillis()))
        supervisor.send({ type: "camera.disabled", cameraId })
      }),
    remove: (cameraId) =>
      Effect.sync(() => {
        noteAfterRun(cameraId, catalog.cameraDisabled(cameraId, nowMillis()))
        removed.add(cameraId)
        supervisor.send({ type: "camera.removed", cameraId })
      }),
    camera: (cameraId) => known.get(cameraId),
    cameras: () => [...known.values()].filter(({ id }) => !removed.has(id)),
    onFact: (listener) => factListeners.push(listener),
    state: (cameraId) => Effect.sync(() => states.get(cameraId, nowMillis())),
    pid: (cameraId) => recorder.pids().get(cameraId) ?? null,
  })
})
