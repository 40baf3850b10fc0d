import type { AlertKind } from "./Alert.ts"
import type { CameraStandingAlert } from "./Health.ts"

/** The alert of what the machine of a camera says, by the machine's word for it. */
export const cameraAlertKind: Readonly<Record<CameraStandingAlert["kind"], AlertKind>> = {
  permanent_cause: "camera_attention",
  restart_intensity: "restart_intensity",
  audio_missing: "audio_missing",
}
