import type { FaultScenario } from "./FaultScenario.ts"
import type { FaultScene } from "./FaultScene.ts"
import { fine, interrupted, mended } from "./scripts.ts"

const credentials = { username: "viewer", password: "Right-Pa55" }
const withPassword = (password: string) => (url: string) =>
  url.replace("rtsp://", `rtsp://viewer:${password}@`)

const passwordMended =
  (password: string) =>
  async (scene: FaultScene): Promise<void> => {
    await scene.enters("backoff")
    await scene.patch({ url: withPassword(password)(scene.camera.url) })
    await scene.records()
  }

const unreachable = { route: "failsThenRecords", causes: ["camera_unreachable"] } as const
const neverAnswered = { route: "failsThenRecords", causes: ["connect_timeout"], impatient: true } as const
/** Cameras that cannot be reached, or do not let Vigia in, or do not speak as they should. */
export const connectionScenarios: ReadonlyArray<FaultScenario> = [
  {
    name: "connection refused",
    camera: { port: 0, faults: [{ kind: "refuse" }] },
    script: mended,
    ...unreachable,
    detectedWithinSeconds: 5,
  },
  {
    name: "unresolvable host",
    camera: {},
    url: () => "rtsp://camera.invalid:554/stream",
    script: async (scene) => {
      await scene.enters("backoff")
      await scene.patch({ url: scene.camera.url })
      await scene.records()
    },
    ...unreachable,
    // A try may be on its way when the address is changed.
    earlyRetryCause: "reconfigured",
  },
  ...(["basic", "digest"] as const).map((scheme): FaultScenario => ({
    name: `401 ${scheme}: wrong password, then the right one`,
    camera: { credentials: { scheme, ...credentials } },
    url: withPassword("Wrong-Pa55"),
    script: passwordMended("Right-Pa55"),
    route: "failsThenRecords",
    causes: ["auth_failed"],
    earlyRetryCause: "reconfigured",
    alert: "camera_attention",
    detectedWithinSeconds: 5,
  })),
  ...(["basic", "digest"] as const).map((scheme): FaultScenario => ({
    name: `${scheme}: right password, until the camera changes its own`,
    camera: { credentials: { scheme, ...credentials } },
    url: withPassword("Right-Pa55"),
    script: interrupted(async (scene) => {
      await scene.camera.set({
        kind: "credentials",
        credentials: { scheme, username: "viewer", password: "Changed-Pa55" },
      })
      await scene.fault({ kind: "dropFin" })
      await scene.enters("backoff")
      await scene.enters("connecting")
      scene.faultAtMillis = Date.now()
    }),
    route: "failsInBetween",
    causes: ["camera_unreachable", "auth_failed"],
    alert: "camera_attention",
  })),
  {
    name: "403",
    camera: { faults: [{ kind: "status", statusCode: 403 }] },
    script: mended,
    route: "failsThenRecords",
    causes: ["access_denied"],
    alert: "camera_attention",
    detectedWithinSeconds: 5,
  },
  {
    name: "404",
    camera: { faults: [{ kind: "status", statusCode: 404 }] },
    script: mended,
    route: "failsThenRecords",
    causes: ["not_found"],
    alert: "camera_attention",
    detectedWithinSeconds: 5,
  },
  {
    name: "accepts and never answers",
    camera: { faults: [{ kind: "silent" }] },
    script: mended,
    ...unreachable,
    detectedWithinSeconds: 30,
  },
  {
    name: "slow DESCRIBE (3 s)",
    camera: { faults: [{ kind: "slowDescribe", delayMillis: 3000 }] },
    ...fine,
  },
  {
    name: "broken SDP, found by the connecting deadline",
    camera: { faults: [{ kind: "brokenSdp" }] },
    script: mended,
    ...neverAnswered,
  },
  {
    name: "broken SDP, found by the deadline of the probe",
    camera: { faults: [{ kind: "brokenSdp" }] },
    script: mended,
    route: "failsThenRecords",
    causes: ["invalid_stream"],
    detectedWithinSeconds: 30,
  },
  {
    name: "broken SDP of a known camera with AAC",
    camera: { audio: "aac" },
    script: interrupted(async (scene) => {
      await scene.camera.set({ kind: "brokenSdp" })
      await scene.camera.set({ kind: "dropFin" })
      await scene.enters("backoff")
      scene.faultAtMillis = Date.now()
    }),
    route: "failsInBetween",
    causes: ["camera_unreachable", "connect_timeout"],
    impatient: true,
    audio: "aac",
  },
  {
    name: "HTTP server on the port, closes",
    camera: { faults: [{ kind: "httpServer" }] },
    script: mended,
    route: "failsThenRecords",
    causes: ["invalid_stream"],
    detectedWithinSeconds: 30,
  },
  {
    name: "HTTP server on the port, stays open",
    camera: { faults: [{ kind: "httpServer", keepsOpen: true }] },
    script: mended,
    ...neverAnswered,
    // A try that was under way is cut off when the camera is mended.
    earlyRetryCause: "camera_unreachable",
  },
]
