import { writeFileSync } from "node:fs"
import { stringify } from "yaml"
import type { CameraOptions, Simulator } from "./simulator/simulator.ts"

interface DemoCamera {
  readonly name: string
  readonly simulated: CameraOptions
}

/** The cameras of the demo: what real sites mix, and one that fails. */
export const demoCameras: ReadonlyArray<DemoCamera> = [
  { name: "Yard (H.264, AAC)", simulated: { path: "yard", video: "h264-720p", audio: "aac" } },
  { name: "Till (H.264, G.711)", simulated: { path: "till", video: "h264-360p", audio: "pcma" } },
  { name: "Gate (HEVC)", simulated: { path: "gate", video: "hevc-360p" } },
  { name: "Door (fails)", simulated: { path: "door", video: "h264-360p", port: 0 } },
]

/** Writes the cameras as `CAMERAS_FILE` takes them; returns its path. */
export const writeCamerasFile = (directory: string, simulator: Simulator): string => {
  const path = `${directory}/cameras.yaml`
  const cameras = demoCameras.map(({ name, simulated }) => ({
    name,
    url: simulator.camera(simulated.path).url,
  }))
  writeFileSync(path, stringify({ owners: [{ name: "Demo", plan: "basic", cameras }] }))
  return path
}
