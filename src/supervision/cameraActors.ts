import { fromCallback, fromPromise } from "xstate"
import type {
  AudioProbeLogic,
  RecorderCommand,
  RecorderEvent,
  RecorderInput,
  RecorderLogic,
} from "../../machines/recorderContract.ts"
import type { Camera } from "../domain/Camera.ts"
import type { RunEvent, RunHandle, RunRequest } from "../recorder/RunRequest.ts"

/** What the actors of a camera need of the services. */
export interface CameraActorServices {
  readonly camera: (cameraId: number) => Camera
  readonly start: (request: RunRequest, listener: (event: RunEvent) => void) => RunHandle
  readonly prepare: (camera: Camera) => RunRequest["prepare"]
  readonly onRunEvent: (cameraId: number, event: RunEvent) => void
  readonly audioArrives: (camera: Camera) => Promise<boolean>
}

/** A run as an actor of the camera machine: commands go to the handle, events of the run come back as facts. */
export const recorderLogic = (services: CameraActorServices): RecorderLogic =>
  fromCallback<RecorderCommand, RecorderInput>(({ input, sendBack, receive }) => {
    const { attempt, audio, probing, probeAgain } = input
    const tell = (event: RecorderEvent) => sendBack(event)
    const camera = services.camera(input.cameraId)
    const handle = services.start(
      { camera, audio, probing, probeAgain, prepare: services.prepare(camera) },
      (event) => {
        services.onRunEvent(input.cameraId, event)
        switch (event.type) {
          case "run.started":
            return tell({
              type: "recorder.started",
              attempt,
              runId: event.runId,
              pid: event.pid,
              audio: event.audio,
            })
          case "fragments.written":
            return tell({ type: "fragment.written", attempt, atMillis: event.atMillis })
          case "run.exited":
            return tell({ type: "recorder.exited", attempt, ...event.failure, atMillis: event.atMillis })
          case "profile.probed":
        }
      },
    )
    receive((command) => {
      if (command.type === "recorder.stop_requested") handle.stop(command.cause)
      else handle.abandon()
    })
    // The machine stops this actor only after `recorder.exited`, or when the camera actor crashed.
    return () => handle.abandon()
  })

/** Looks for missing audio beside a running recording. */
export const audioProbeLogic = (services: CameraActorServices): AudioProbeLogic =>
  fromPromise(({ input }) => services.audioArrives(services.camera(input.cameraId)))
