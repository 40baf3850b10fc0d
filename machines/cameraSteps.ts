import type { CameraContext, CameraStep } from "./cameraContext.ts"
import type { CameraStateName } from "./cameraContract.ts"
import { alertFacts, withAlert, withoutAlert } from "./cameraAlerts.ts"
import type { AudioChoice, FragmentWritten, RecorderInput, RecorderStarted } from "./recorderContract.ts"
import { afterHealthySpell, freshRestartState } from "./restartPolicy.ts"

export function entered(context: CameraContext, to: CameraStateName): CameraStep {
  const atMillis = context.nowMillis()
  const explained = to === "backoff" || to === "connecting"
  return {
    changes: { state: to, sinceMillis: atMillis, ...(to === "recording" ? { delayMillis: null } : {}) },
    facts: [
      {
        type: "camera.state_changed",
        cameraId: context.cameraId,
        from: context.state,
        to,
        cause: explained ? context.cause : null,
        detail: explained ? context.detail : "",
        delayMillis: to === "backoff" ? context.delayMillis : null,
        lastedMillis: atMillis - context.sinceMillis,
        atMillis,
      },
    ],
  }
}

/** An operator starts the camera: earlier failures are forgiven. */
export function enabled(context: CameraContext): CameraStep {
  return {
    changes: {
      reason: "enabled",
      restart: freshRestartState,
      delayMillis: 0,
      cause: null,
      detail: "",
      audio: audioKnown(context),
    },
    facts: [],
  }
}

export function runStarted(context: CameraContext): CameraStep {
  return {
    changes: {
      attempt: context.attempt + 1,
      restarts: context.restarts + (context.reason === "enabled" ? 0 : 1),
      firstFragmentAtMillis: null,
      lastFragmentAtMillis: null,
      healthy: false,
      roomReturned: false,
    },
    facts: [],
  }
}

export function recorderInput(context: CameraContext): RecorderInput {
  const { cameraId, attempt, audio, probing, probeAgain, reason } = context
  return { cameraId, attempt, audio, probing, probeAgain, reason }
}

export function runKnown({ runId, pid, audio }: RecorderStarted): CameraStep {
  return { changes: { runId, pid, audio }, facts: [] }
}

/** Fragments arrive: the cause is over, and so are the remedies for a start. */
export function firstFragment(context: CameraContext, event: FragmentWritten): CameraStep {
  const audioMissing = context.audio === "off"
  const audio = audioMissing
    ? withAlert(context.alerts, "audio_missing", null)
    : withoutAlert(context.alerts, "audio_missing")
  const permanent = withoutAlert(audio.alerts, "permanent_cause")
  const retryAtMillis = context.audioRetryAtMillis ?? context.nowMillis() + context.delays.audioRetryMillis
  return {
    changes: {
      firstFragmentAtMillis: event.atMillis,
      lastFragmentAtMillis: event.atMillis,
      probing: "fast",
      probeAgain: false,
      alerts: permanent.alerts,
      audioRetryAtMillis: audioMissing ? retryAtMillis : null,
    },
    facts: [
      ...alertFacts(context, audio, audioMissing ? "recorded without the audio it advertises" : ""),
      ...alertFacts(context, permanent, ""),
    ],
  }
}

export function nextFragment(context: CameraContext, event: FragmentWritten): CameraStep {
  const changes = { lastFragmentAtMillis: event.atMillis }
  const healthyForMillis = event.atMillis - (context.firstFragmentAtMillis ?? event.atMillis)
  if (context.healthy || healthyForMillis < context.policy.healthySpellMillis) return { changes, facts: [] }
  const intensity = withoutAlert(context.alerts, "restart_intensity")
  return {
    changes: { ...changes, healthy: true, restart: afterHealthySpell(), alerts: intensity.alerts },
    facts: alertFacts(context, intensity, ""),
  }
}

/** Counted from the arrival of the last fragment, however late its event came. */
export function untilStalledMillis({ delays, lastFragmentAtMillis, nowMillis }: CameraContext): number {
  const silentForMillis = lastFragmentAtMillis === null ? 0 : nowMillis() - lastFragmentAtMillis
  return within(0, delays.stallTimeoutMillis - silentForMillis, delays.stallTimeoutMillis)
}

/** Restarts of the run do not put off the next look for audio. */
export function untilAudioRetryMillis({ audioRetryAtMillis, delays, nowMillis }: CameraContext): number {
  const leftMillis = (audioRetryAtMillis ?? Number.POSITIVE_INFINITY) - nowMillis()
  return within(0, leftMillis, delays.audioRetryMillis)
}

export function audioStillMissing({ delays, nowMillis }: CameraContext): CameraStep {
  return { changes: { audioRetryAtMillis: nowMillis() + delays.audioRetryMillis }, facts: [] }
}

export function audioProbeFailed(context: CameraContext, error: unknown): CameraStep {
  const { cameraId, nowMillis } = context
  return {
    changes: audioStillMissing(context).changes,
    facts: [{ type: "audio_probe.failed", cameraId, error, atMillis: nowMillis() }],
  }
}

export function runActorFailed({ cameraId, nowMillis }: CameraContext, error: unknown): CameraStep {
  return { changes: {}, facts: [{ type: "recorder.failed", cameraId, error, atMillis: nowMillis() }] }
}

/** What is known about audio: a suspicion counts only once a recording without audio has proved it. */
export function audioKnown({ alerts, audio }: CameraContext): AudioChoice {
  return alerts.some(({ kind }) => kind === "audio_missing") ? audio : "as_probed"
}

function within(leastMillis: number, millis: number, mostMillis: number): number {
  return Math.min(mostMillis, Math.max(leastMillis, millis))
}
