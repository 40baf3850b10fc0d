import { initialContext } from "./cameraContext.ts"
import { cameraParts } from "./cameraParts.ts"

/**
 * Decides over one camera: when to start a run of FFmpeg, when to give it up and how long to wait.
 *
 * The run is a child actor. It outlives the state that started it: `backoff` and `stopped` first wait in
 * `releasing` for `recorder.exited`, so a camera never has two runs. Provide the actors `recorder` and
 * `audioProbe` and the action `report`, which must not throw.
 */
export const cameraMachine = cameraParts.createMachine({
  id: "camera",
  description: "One camera: records while enabled, retries for ever.",
  context: ({ input }) => initialContext(input),
  initial: "idle",
  // XState lets an unhandled error of a child end its parent, also that of a run that is already over.
  on: {
    "xstate.error.actor.*": { actions: "noteRunError" },
    "room.returned": { actions: "noteRoom" },
  },
  states: {
    idle: {
      description: "Created disabled; nothing was started yet.",
      always: { guard: "isEnabledAtStart", target: "connecting" },
      on: {
        "camera.enabled": { target: "connecting", actions: "noteEnabled" },
        "camera.disabled": { actions: "tellReleased" },
      },
    },

    connecting: {
      description: "A run was started; no fragment of it is on disk yet.",
      entry: ["enterConnecting", "startRun"],
      after: {
        connectTimeout: { target: "backoff.releasing", actions: ["failByConnectTimeout", "stopRun"] },
      },
      on: {
        "recorder.started": { guard: "isOfThisRun", actions: "noteRun" },
        "fragment.written": { guard: "isOfThisRun", target: "recording", actions: "noteFirstFragment" },
        "recorder.exited": {
          guard: "isOfThisRun",
          target: "backoff.waiting",
          actions: ["failByExit", "forgetRun"],
        },
        "xstate.error.actor.*": {
          guard: "isOfThisRun",
          target: "backoff.waiting",
          actions: ["failByError", "forgetRun"],
        },
        "camera.reconfigured": { target: "backoff.releasing", actions: ["recycle", "stopRun"] },
        "camera.disabled": { target: "stopped.releasing", actions: "stopRunForOperator" },
      },
    },

    recording: {
      description: "Fragments arrive on disk.",
      type: "parallel",
      entry: "enterRecording",
      on: {
        "recorder.started": { guard: "isOfThisRun", actions: "noteRun" },
        "recorder.exited": {
          guard: "isOfThisRun",
          target: "backoff.waiting",
          actions: ["failByExit", "forgetRun"],
        },
        "xstate.error.actor.*": {
          guard: "isOfThisRun",
          target: "backoff.waiting",
          actions: ["failByError", "forgetRun"],
        },
        "camera.reconfigured": { target: "backoff.releasing", actions: ["recycle", "stopRun"] },
        "camera.disabled": { target: "stopped.releasing", actions: "stopRunForOperator" },
      },
      states: {
        fragments: {
          description: "Watches that the next fragment comes in time.",
          initial: "awaited",
          states: {
            awaited: {
              description: "Waits for the next fragment; looks again when the last one has become too old.",
              after: {
                stallTimeout: [
                  { guard: "isFresh", target: "awaited", reenter: true },
                  { target: "#camera.backoff.releasing", actions: ["failByStall", "stopRun"] },
                ],
              },
              on: {
                "fragment.written": { guard: "isOfThisRun", actions: "noteFragment" },
              },
            },
          },
        },
        audio: {
          description: "Looks now and then for audio that was left out.",
          initial: "as_probed",
          states: {
            as_probed: {
              description: "The run maps what probing found; nothing to look for.",
              always: { guard: "isWithoutAudio", target: "left_out" },
            },
            left_out: {
              description: "Video only: the audio that the camera advertises did not come.",
              after: { audioRetry: "looking" },
              on: {
                "audio.found": {
                  target: "#camera.backoff.releasing",
                  actions: ["recycleForAudio", "stopRun"],
                },
              },
            },
            looking: {
              description: "Looks whether audio arrives now, while the recording goes on.",
              invoke: {
                src: "audioProbe",
                id: "audioProbe",
                input: ({ context }) => ({ cameraId: context.cameraId }),
                onDone: [
                  {
                    guard: { type: "audioArrives", params: ({ event }) => event.output },
                    target: "#camera.backoff.releasing",
                    actions: ["recycleForAudio", "stopRun"],
                  },
                  { target: "left_out", actions: "noteNoAudio" },
                ],
                onError: { target: "left_out", actions: "noteAudioProbeError" },
              },
              on: {
                "audio.found": {
                  target: "#camera.backoff.releasing",
                  actions: ["recycleForAudio", "stopRun"],
                },
              },
            },
          },
        },
      },
    },

    backoff: {
      description: "The last run failed or was given up; the next one comes by itself.",
      entry: "enterBackoff",
      initial: "releasing",
      states: {
        releasing: {
          description: "Waits for the end of the last run.",
          on: {
            "recorder.exited": {
              guard: "isOfThisRun",
              target: "waiting",
              actions: ["noteRemedy", "forgetRun"],
            },
            "xstate.error.actor.*": {
              guard: "isOfThisRun",
              target: "waiting",
              actions: ["noteRunError", "forgetRun"],
            },
            "camera.reconfigured": { actions: "recycle" },
            "camera.disabled": "#camera.stopped.releasing",
          },
        },
        waiting: {
          description: "No run is left; the delay of the restart policy passes.",
          always: { guard: "goesOnAtOnce", target: "#camera.connecting" },
          after: { backoffDelay: "#camera.connecting" },
          on: {
            "room.returned": { guard: "waitsForRoom", target: "#camera.connecting" },
            "camera.reconfigured": { actions: "recycle" },
            "camera.disabled": "#camera.stopped.released",
          },
        },
      },
    },

    stopped: {
      description: "An operator stopped the camera.",
      entry: "enterStopped",
      initial: "releasing",
      states: {
        releasing: {
          description: "Waits for the end of the last run.",
          on: {
            "recorder.exited": { guard: "isOfThisRun", target: "released", actions: "forgetRun" },
            "xstate.error.actor.*": {
              guard: "isOfThisRun",
              target: "released",
              actions: ["noteRunError", "forgetRun"],
            },
            "camera.enabled": { target: "#camera.backoff.releasing", actions: "noteEnabled" },
          },
        },
        released: {
          description: "No run is left.",
          entry: "tellReleased",
          on: {
            "camera.enabled": { target: "#camera.connecting", actions: "noteEnabled" },
            "camera.disabled": { actions: "tellReleased" },
          },
        },
      },
    },
  },
})

export type CameraMachine = typeof cameraMachine
