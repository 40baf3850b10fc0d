import type { SupervisorInput } from "./supervisorContract.ts"
import { afterFailure, freshRestartState, type RestartDecision, type RestartState } from "./restartPolicy.ts"

/** What the supervisor knows of one camera. */
export interface SupervisedCamera {
  readonly cameraId: number
  /** As last told; a replaced actor starts with it. */
  readonly enabled: boolean
  /**
   * - `live`: an actor exists
   * - `crashed`: the actor is gone, its replacement waits for its delay
   * - `leaving`: an actor exists and ends its run before it is removed
   */
  readonly presence: "live" | "crashed" | "leaving"
  /** Of crashes of the actor by a bug; failures of its runs are paced by the actor itself. */
  readonly restart: RestartState
  readonly spawnedAtMillis: number
}

/** Cameras in the order in which they were added. */
export type SupervisedCameras = ReadonlyMap<number, SupervisedCamera>

export interface SupervisorContext extends Required<SupervisorInput> {
  readonly cameras: SupervisedCameras
  /** During a shutdown: cameras that are not released yet. */
  readonly unreleased: ReadonlySet<number>
  /** During a shutdown: cameras that crashed, whose run may still live. */
  readonly lost: ReadonlySet<number>
}

export const defaultShutdownTimeoutMillis = 8_000

export function initialSupervisorContext(input: SupervisorInput): SupervisorContext {
  return {
    shutdownTimeoutMillis: defaultShutdownTimeoutMillis,
    ...input,
    cameras: new Map(),
    unreleased: new Set(),
    lost: new Set(),
  }
}

export function withCamera(cameras: SupervisedCameras, camera: SupervisedCamera): SupervisedCameras {
  return new Map(cameras).set(camera.cameraId, camera)
}

export function withoutCamera(cameras: SupervisedCameras, cameraId: number): SupervisedCameras {
  const others = new Map(cameras)
  others.delete(cameraId)
  return others
}

export function without(cameraIds: ReadonlySet<number>, cameraId: number): ReadonlySet<number> {
  return new Set([...cameraIds].filter((other) => other !== cameraId))
}

export function newCamera(cameraId: number, enabled: boolean, atMillis: number): SupervisedCamera {
  return { cameraId, enabled, presence: "live", restart: freshRestartState, spawnedAtMillis: atMillis }
}

/** Paces the replacement of a crashed actor; a life without a crash counts as its healthy spell. */
export function afterCrash(
  { policy, nowMillis, random }: SupervisorContext,
  { restart, spawnedAtMillis }: SupervisedCamera,
): RestartDecision {
  const atMillis = nowMillis()
  const failure = {
    atMillis,
    cause: "unknown",
    permanent: false,
    healthyForMillis: atMillis - spawnedAtMillis,
  } as const
  return afterFailure(restart, policy, failure, random())
}

export const actorIdOf = (cameraId: number) => `camera-${cameraId}` as const

export const restartIdOf = (cameraId: number) => `restart-${cameraId}`

/** Inverse of `actorIdOf`; null for an id that is none of a camera's. */
export function cameraIdOf(actorId: string): number | null {
  const digits = /^camera-(\d+)$/.exec(actorId)?.[1]
  return digits === undefined ? null : Number(digits)
}
