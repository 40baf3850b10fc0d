import type { CameraHandle } from "./simulator/simulator.ts"

/** Lets a camera fail again and again, each time in the next of three ways; `stop` ends that. */
export const failEvery = (camera: CameraHandle, seconds: number): { readonly stop: () => void } => {
  const ways = [{ kind: "dropReset" }, { kind: "reboot", downMillis: 4000 }, { kind: "dropFin" }] as const
  let failures = 0
  const timer = setInterval(() => {
    const way = ways[failures % ways.length]
    failures += 1
    if (way !== undefined) void camera.set(way)
  }, seconds * 1000)
  return { stop: () => clearInterval(timer) }
}
