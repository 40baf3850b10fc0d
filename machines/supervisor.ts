import { initialSupervisorContext } from "./supervisorContext.ts"
import { shutdownOutput, supervisorParts } from "./supervisorParts.ts"

/**
 * Owns one actor per camera, one_for_one: a camera actor that crashes by a bug is replaced alone.
 *
 * Crashes are paced by the same policy as failed runs, with a state per camera that the supervisor keeps. Provide
 * the actor `camera` and the action `report`, which must not throw: an error here has nobody above to handle it.
 */
export const supervisorMachine = supervisorParts.createMachine({
  id: "supervisor",
  description: "All cameras of a service.",
  context: ({ input }) => initialSupervisorContext(input),
  initial: "running",
  // XState lets an unhandled error of a child end its parent: whatever no state expects ends here.
  on: { "xstate.error.actor.*": { actions: "bury" } },
  states: {
    running: {
      description: "Cameras come and go.",
      on: {
        "camera.added": { guard: "isNew", actions: ["noteAdded", "spawnCamera"] },
        "camera.enabled": [
          { guard: "isLive", actions: ["noteWish", "passOn"] },
          { guard: "isCrashed", actions: "noteWish" },
        ],
        "camera.disabled": [
          { guard: "isLive", actions: ["noteWish", "passOn"] },
          { guard: "isCrashed", actions: "noteWish" },
        ],
        "camera.reconfigured": { guard: "isLive", actions: "passOn" },
        "audio.found": { guard: "isLive", actions: "passOn" },
        "room.returned": { actions: "tellAll" },
        "camera.removed": [
          { guard: "isLive", actions: "askToLeave" },
          { guard: "isCrashed", actions: "forget" },
        ],
        "camera.released": { guard: "isLeaving", actions: ["dismiss", "forget"] },
        "camera.restart_due": { guard: "isCrashed", actions: ["noteRespawned", "spawnCamera"] },
        "xstate.error.actor.*": [
          { guard: "isLive", actions: ["bury", "planRestart"] },
          { guard: "isLeaving", actions: ["bury", "noteLost", "forget"] },
        ],
        "shutdown.requested": "shutting_down",
      },
    },
    shutting_down: {
      description: "Every camera was disabled, the latest first; waits until their runs have ended.",
      entry: "disableAll",
      always: { guard: "isAllReleased", target: "stopped" },
      after: { shutdownTimeout: "stopped" },
      on: {
        "camera.released": { actions: "noteReleased" },
        "xstate.error.actor.*": { actions: ["bury", "noteLost"] },
      },
    },
    stopped: {
      description: "The end; the output names the cameras whose run may still live.",
      type: "final",
      entry: "reportShutdown",
    },
  },
  output: ({ context }) => shutdownOutput(context),
})

export type SupervisorMachine = typeof supervisorMachine
