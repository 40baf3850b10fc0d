import { alertFacts, unchanged, withAlert } from "./cameraAlerts.ts"
import type { CameraContext, CameraFailure, CameraStep } from "./cameraContext.ts"
import type { CameraFact } from "./cameraContract.ts"
import { audioKnown, runActorFailed } from "./cameraSteps.ts"
import type { Remedy } from "./recorderContract.ts"
import { afterFailure, freshRestartState } from "./restartPolicy.ts"

export function failed(context: CameraContext, failure: CameraFailure): CameraStep {
  return failure.remedy === "wait_for_room" ? withoutRoom(context, failure) : failedRun(context, failure)
}

/**
 * Vigia itself ended the run, or let none begin: no failure to count, and the next try comes when there is room.
 *
 * Should nobody tell, it comes as slowly as any.
 */
function withoutRoom(context: CameraContext, { cause, detail, atMillis }: CameraFailure): CameraStep {
  const { cameraId, pid, policy, reason, restarts, roomReturned } = context
  const isRefusedAgain = context.state === "connecting" && reason === "retry" && context.cause === cause
  return {
    changes: {
      cause,
      detail,
      reason: "retry",
      restarts: pid === null && reason !== "enabled" ? restarts - 1 : restarts,
      delayMillis: roomReturned ? 0 : policy.slowRetryMillis,
    },
    facts: isRefusedAgain
      ? []
      : [{ type: "outage.began", cameraId, isFailure: false, cause, detail, atMillis }],
  }
}

function failedRun(context: CameraContext, failure: CameraFailure): CameraStep {
  const { cause, detail, permanent, atMillis } = failure
  const firstMillis = context.firstFragmentAtMillis
  const lastMillis = context.lastFragmentAtMillis
  const healthyForMillis = firstMillis === null || lastMillis === null ? 0 : lastMillis - firstMillis
  const decision = afterFailure(
    context.restart,
    context.policy,
    { atMillis, cause, permanent, healthyForMillis },
    context.random(),
  )
  const lasting = permanent ? withAlert(context.alerts, "permanent_cause", cause) : unchanged(context.alerts)
  const tooMany = decision.escalated
    ? withAlert(lasting.alerts, "restart_intensity", cause)
    : unchanged(lasting.alerts)
  return {
    changes: {
      cause,
      detail,
      reason: "retry",
      restart: decision.state,
      delayMillis: decision.delayMillis,
      alerts: tooMany.alerts,
      ...remedied[failure.remedy],
      ...nextAudio(context, failure),
    },
    facts: [
      { type: "outage.began", cameraId: context.cameraId, isFailure: true, cause, detail, atMillis },
      ...alertFacts(context, lasting, detail),
      ...alertFacts(context, tooMany, detail),
    ],
  }
}

/** The run actor itself failed: nothing is known but that no run is left. */
export function failedByError(context: CameraContext, error: unknown): CameraStep {
  const step = failed(context, {
    cause: "unknown",
    detail: "the run could not be supervised",
    permanent: false,
    remedy: "none",
    atMillis: context.nowMillis(),
  })
  return { ...step, facts: [...runActorFailed(context, error).facts, ...step.facts] }
}

export function connectTimedOut(context: CameraContext): CameraStep {
  return failed(context, {
    cause: "connect_timeout",
    detail: `no fragment within ${context.delays.connectTimeoutMillis} ms`,
    permanent: false,
    remedy: "none",
    atMillis: context.nowMillis(),
  })
}

export function stalled(context: CameraContext): CameraStep {
  return failed(context, {
    cause: "stalled",
    detail: `no further fragment within ${context.delays.stallTimeoutMillis} ms`,
    permanent: false,
    remedy: "none",
    atMillis: context.nowMillis(),
  })
}

/** Vigia ends the run itself to start another at once; earlier failures are forgiven. */
export function recycled(context: CameraContext, detail: string): CameraStep {
  const cause = "reconfigured"
  const outage: CameraFact = {
    type: "outage.began",
    cameraId: context.cameraId,
    isFailure: false,
    cause,
    detail,
    atMillis: context.nowMillis(),
  }
  return {
    changes: {
      cause,
      detail,
      reason: "reconfigured",
      restart: freshRestartState,
      delayMillis: 0,
      audio: "as_probed",
      audioRetryAtMillis: null,
    },
    // A run that is connecting may still write a fragment when it is told to end, and so end the outage before.
    facts: context.state === "backoff" ? [] : [outage],
  }
}

/** What each remedy changes for the next attempt; a healthy start takes the probing ones back. */
export const remedied: Readonly<Record<Remedy, Partial<CameraContext>>> = {
  none: {},
  thorough_probing: { probing: "thorough" },
  probe_again: { probeAgain: true },
  video_only: { audio: "off" },
  wait_for_room: {},
}

/**
 * A run that hangs without a fragment may wait for audio that never comes, or for a camera that is merely dead.
 * So timeouts alternate, and an end that is no timeout takes the suspicion back unless a recording proved it.
 */
function nextAudio(context: CameraContext, { cause, remedy }: CameraFailure): Partial<CameraContext> {
  if (remedy === "video_only") return {}
  if (cause === "connect_timeout") return { audio: context.audio === "off" ? "as_probed" : "off" }
  return { audio: audioKnown(context) }
}
