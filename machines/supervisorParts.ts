import {
  assertEvent,
  setup,
  type AnyActorRef,
  type ErrorActorEvent,
  type EventObject,
  type SetupTypes,
} from "xstate"
import { cameraMachine } from "./camera.ts"
import type { CameraCommand } from "./cameraContract.ts"
import type { RecorderCommand } from "./recorderContract.ts"
import {
  actorIdOf,
  afterCrash,
  cameraIdOf,
  newCamera,
  restartIdOf,
  withCamera,
  without,
  withoutCamera,
  type SupervisedCamera,
  type SupervisorContext,
} from "./supervisorContext.ts"
import type {
  SupervisorEvent,
  SupervisorFact,
  SupervisorInput,
  SupervisorOutput,
} from "./supervisorContract.ts"

type CameraActorFailed = ErrorActorEvent<unknown, `camera-${number}`>

/** The delay of a crashed camera's replacement has passed; the supervisor sends it to itself. */
interface RestartDue {
  readonly type: "camera.restart_due"
  readonly cameraId: number
}

type SupervisorMachineEvent = SupervisorEvent | CameraActorFailed | RestartDue

const types: SetupTypes<
  SupervisorContext,
  SupervisorMachineEvent,
  { [id: `camera-${number}`]: "camera" },
  string,
  SupervisorInput,
  SupervisorOutput,
  EventObject,
  Record<string, never>
> = {}

/** The camera that an event is about, if the supervisor knows it. */
function concerned(context: SupervisorContext, event: SupervisorMachineEvent): SupervisedCamera | null {
  const cameraId =
    "cameraId" in event ? event.cameraId : "actorId" in event ? cameraIdOf(event.actorId) : null
  return cameraId === null ? null : (context.cameras.get(cameraId) ?? null)
}

/** The run actors of a crashed camera, which XState leaves alive with nobody to hear them. */
function orphanedRuns(crashed: AnyActorRef | undefined): ReadonlyArray<AnyActorRef> {
  const children: Readonly<Record<string, AnyActorRef>> = crashed?.getSnapshot()?.children ?? {}
  return Object.values(children).filter(
    (child) => child.id.startsWith("recorder-") && child.getSnapshot().status === "active",
  )
}

export function shutdownOutput({ unreleased, lost }: SupervisorContext): SupervisorOutput {
  return { unreleased: [...unreleased, ...lost].toSorted((one, other) => one - other) }
}

const base = setup({
  types,
  actors: { camera: cameraMachine },
  actions: {
    report: (_args, _fact: SupervisorFact) => {},
  },
  guards: {
    isNew: ({ context, event }) => event.type === "camera.added" && !context.cameras.has(event.cameraId),
    isLive: ({ context, event }) => concerned(context, event)?.presence === "live",
    isCrashed: ({ context, event }) => concerned(context, event)?.presence === "crashed",
    isLeaving: ({ context, event }) => concerned(context, event)?.presence === "leaving",
    isAllReleased: ({ context }) => context.unreleased.size === 0,
  },
  delays: {
    shutdownTimeout: ({ context }) => context.shutdownTimeoutMillis,
  },
})

/** An action about the camera of the event; nothing happens for a camera that is not known. */
const concerning = (act: (args: ConcerningArgs, camera: SupervisedCamera) => void) =>
  base.enqueueActions((args) => {
    const camera = concerned(args.context, args.event)
    if (camera !== null) act(args, camera)
  })
type ConcerningArgs = Parameters<Parameters<typeof base.enqueueActions>[0]>[0]

/** The named actors, guards, delays and actions of the supervisor. */
export const supervisorParts = base.extend({
  actions: {
    noteAdded: base.assign(({ context, event }) => {
      assertEvent(event, "camera.added")
      const camera = newCamera(event.cameraId, event.enabled, context.nowMillis())
      return { cameras: withCamera(context.cameras, camera) }
    }),
    spawnCamera: concerning(({ context, enqueue, self }, { cameraId, enabled }) => {
      const { policy, delays, random, nowMillis } = context
      const input = { cameraId, enabled, policy, delays, random, nowMillis, supervisor: self }
      enqueue.spawnChild("camera", { id: actorIdOf(cameraId), input })
    }),
    noteRespawned: concerning(({ context, enqueue }, camera) => {
      const atMillis = context.nowMillis()
      const live = { ...camera, presence: "live", spawnedAtMillis: atMillis } as const
      enqueue.assign({ cameras: withCamera(context.cameras, live) })
      enqueue({ type: "report", params: { type: "camera.respawned", cameraId: camera.cameraId, atMillis } })
    }),
    noteWish: concerning(({ context, event, enqueue }, camera) => {
      assertEvent(event, ["camera.enabled", "camera.disabled"])
      const wished = { ...camera, enabled: event.type === "camera.enabled" }
      enqueue.assign({ cameras: withCamera(context.cameras, wished) })
    }),
    passOn: concerning(({ event, enqueue }, { cameraId }) => {
      assertEvent(event, ["camera.enabled", "camera.disabled", "camera.reconfigured", "audio.found"])
      const command: CameraCommand = { type: event.type }
      enqueue.sendTo(actorIdOf(cameraId), command)
    }),
    tellAll: base.enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, "room.returned")
      const command: CameraCommand = { type: event.type }
      for (const { cameraId, presence } of context.cameras.values()) {
        if (presence === "live") enqueue.sendTo(actorIdOf(cameraId), command)
      }
    }),
    askToLeave: concerning(({ context, enqueue }, camera) => {
      const leaving = { ...camera, enabled: false, presence: "leaving" } as const
      enqueue.assign({ cameras: withCamera(context.cameras, leaving) })
      const command: CameraCommand = { type: "camera.disabled" }
      enqueue.sendTo(actorIdOf(camera.cameraId), command)
    }),
    dismiss: concerning(({ enqueue }, { cameraId }) => {
      enqueue.stopChild(actorIdOf(cameraId))
    }),
    forget: concerning(({ context, enqueue }, { cameraId }) => {
      enqueue.cancel(restartIdOf(cameraId))
      enqueue.assign({ cameras: withoutCamera(context.cameras, cameraId) })
      const atMillis = context.nowMillis()
      enqueue({ type: "report", params: { type: "camera.forgotten", cameraId, atMillis } })
    }),

    /** Clears away a crashed actor and lets its run go on, for the next actor to adopt. */
    bury: concerning(({ enqueue, self }, { cameraId }) => {
      const abandoned: RecorderCommand = { type: "recorder.abandoned" }
      for (const run of orphanedRuns(self.getSnapshot().children[actorIdOf(cameraId)])) {
        enqueue.sendTo(run, abandoned)
      }
      enqueue.stopChild(actorIdOf(cameraId))
    }),
    planRestart: concerning(({ context, event, enqueue }, camera) => {
      assertEvent(event, "xstate.error.actor.*")
      const { cameraId } = camera
      const { state, delayMillis, escalated } = afterCrash(context, camera)
      const crashed = { ...camera, presence: "crashed", restart: state } as const
      enqueue.assign({ cameras: withCamera(context.cameras, crashed) })
      enqueue.raise(
        { type: "camera.restart_due", cameraId },
        { id: restartIdOf(cameraId), delay: delayMillis },
      )
      enqueue({
        type: "report",
        params: {
          type: "camera.crashed",
          cameraId,
          error: event.error,
          restartDelayMillis: delayMillis,
          escalated,
          atMillis: context.nowMillis(),
        },
      })
    }),
    noteLost: base.enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, "xstate.error.actor.*")
      const camera = concerned(context, event)
      if (camera === null) return
      const { cameraId } = camera
      enqueue.assign({
        unreleased: without(context.unreleased, cameraId),
        lost: new Set(context.lost).add(cameraId),
      })
      const atMillis = context.nowMillis()
      enqueue({
        type: "report",
        params: {
          type: "camera.crashed",
          cameraId,
          error: event.error,
          restartDelayMillis: null,
          escalated: false,
          atMillis,
        },
      })
    }),

    disableAll: base.enqueueActions(({ context, enqueue }) => {
      const latestFirst = [...context.cameras.values()].toReversed()
      const present = latestFirst.filter(({ presence }) => presence !== "crashed")
      const crashed = latestFirst.filter(({ presence }) => presence === "crashed")
      enqueue.assign({
        unreleased: new Set(present.map(({ cameraId }) => cameraId)),
        lost: new Set(crashed.map(({ cameraId }) => cameraId)),
      })
      for (const { cameraId } of crashed) enqueue.cancel(restartIdOf(cameraId))
      const command: CameraCommand = { type: "camera.disabled" }
      for (const { cameraId } of present) enqueue.sendTo(actorIdOf(cameraId), command)
    }),
    noteReleased: base.assign(({ context, event }) => {
      assertEvent(event, "camera.released")
      return { unreleased: without(context.unreleased, event.cameraId) }
    }),
    reportShutdown: base.enqueueActions(({ context, enqueue }) => {
      const atMillis = context.nowMillis()
      enqueue({
        type: "report",
        params: { type: "shutdown.completed", ...shutdownOutput(context), atMillis },
      })
    }),
  },
})
