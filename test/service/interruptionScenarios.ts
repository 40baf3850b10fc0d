import type { FaultScenario } from "./FaultScenario.ts"
import { interrupted } from "./scripts.ts"

const lostMidStream = { route: "failsInBetween", causes: ["camera_unreachable"] } as const
const stalled = { route: "failsInBetween", causes: ["stalled"], detectedWithinSeconds: 10 } as const
/** Cameras that end or stop in the middle of a recording. */
export const interruptionScenarios: ReadonlyArray<FaultScenario> = [
  {
    name: "FIN mid-stream",
    camera: {},
    script: interrupted((scene) => scene.fault({ kind: "dropFin" })),
    ...lostMidStream,
    detectedWithinSeconds: 5,
  },
  {
    name: "RST mid-stream",
    camera: {},
    script: interrupted((scene) => scene.fault({ kind: "dropReset" })),
    ...lostMidStream,
    detectedWithinSeconds: 5,
  },
  {
    name: "stall (TCP)",
    camera: {},
    script: interrupted((scene) => scene.fault({ kind: "stall" })),
    ...stalled,
  },
  {
    name: "stall (UDP)",
    camera: {},
    transport: "udp",
    script: interrupted((scene) => scene.fault({ kind: "stall" })),
    ...stalled,
  },
  {
    name: "hang",
    camera: {},
    script: interrupted((scene) => scene.fault({ kind: "hang" })),
    ...stalled,
    earlyRetryCause: "camera_unreachable",
  },
  {
    name: "reboot of the camera (3 s)",
    camera: { port: 0 },
    script: async (scene) => {
      await scene.records()
      await scene.fault({ kind: "reboot", downMillis: 3000 })
      scene.mendedAtMillis = scene.faultAtMillis + 3000
      await scene.enters("backoff", scene.faultAtMillis)
      await scene.records()
    },
    ...lostMidStream,
    detectedWithinSeconds: 5,
  },
  ...(
    [
      ["h264-360p", "hevc-360p", "hvc1"],
      ["hevc-360p", "h264-360p", "avc1"],
    ] as const
  ).map(([video, clip, videoTag]): FaultScenario => ({
    name: `codec changes from ${video} to ${clip}`,
    camera: { video },
    script: async (scene) => {
      await scene.records()
      await scene.fault({ kind: "switchClip", clip })
      await scene.enters("backoff")
      scene.mendedAtMillis = scene.faultAtMillis
      await scene.records()
    },
    route: "failsInBetween",
    causes: ["camera_unreachable", "reconfigured"],
    videoTag,
  })),
]
