import type { FaultScenario } from "./FaultScenario.ts"
import type { FaultScene } from "./FaultScene.ts"
import { fine, undisturbed } from "./scripts.ts"

/** Audio that is described comes only later. */
const audioComesLater = async (scene: FaultScene): Promise<void> => {
  await scene.records(25)
  await scene.watchLag()
  await scene.records(150)
  await scene.note()
  await scene.mend("audioSilent")
}

/** What cameras send, and how it changes while they go on. */
export const mediaScenarios: ReadonlyArray<FaultScenario> = [
  ...[30, -30].map((seconds): FaultScenario => ({
    name: `timestamps jump by ${seconds} s`,
    camera: {},
    ...fine,
    script: undisturbed((scene) => scene.fault({ kind: "timestampJump", seconds })),
  })),
  {
    name: "resolution changes",
    camera: {},
    ...fine,
    script: undisturbed((scene) => scene.fault({ kind: "switchClip", clip: "h264-720p" })),
  },
  { name: "no audio", camera: {}, ...fine, audio: null },
  { name: "AAC", camera: { audio: "aac" }, ...fine, audio: "aac" },
  { name: "G.711 A", camera: { audio: "pcma" }, ...fine, audio: "aac" },
  { name: "G.711 mu", camera: { audio: "pcmu" }, ...fine, audio: "aac" },
  { name: "Opus", camera: { audio: "opus" }, ...fine, audio: "opus" },
  ...(["aac", "opus"] as const).map((audio): FaultScenario => ({
    name: `${audio} advertised, never sent, then sent`,
    camera: { audio, faults: [{ kind: "audioSilent" }] },
    ...fine,
    script: async (scene) => {
      await audioComesLater(scene)
      await scene.records(150)
    },
    audio,
    audioMeanwhile: "missing",
    watchesLag: true,
  })),
  {
    name: "G.711 advertised, never sent, then sent",
    camera: { audio: "pcma", faults: [{ kind: "audioSilent" }] },
    script: async (scene) => {
      await audioComesLater(scene)
      await scene.enters("backoff")
      await scene.records()
    },
    route: "failsThenRecordsTwice",
    causes: ["connect_timeout", "reconfigured"],
    impatient: true,
    alert: "audio_missing",
    audio: "aac",
    audioMeanwhile: "none",
    watchesLag: true,
  },
  ...(["aac", "pcma"] as const).map((audio): FaultScenario => ({
    name: `${audio} stops and returns`,
    camera: { audio },
    ...fine,
    script: async (scene) => {
      await scene.records()
      await scene.watchLag()
      await scene.fault({ kind: "audioSilent" })
      await scene.records(150)
      await scene.mend()
      await scene.records(150)
    },
    audio: "aac",
    watchesLag: true,
  })),
  { name: "HEVC", camera: { video: "hevc-360p" }, ...fine, videoTag: "hvc1" },
  { name: "B-frames", camera: { video: "h264-360p-bframes" }, ...fine },
  { name: "UDP", camera: { audio: "aac" }, transport: "udp", ...fine, audio: "aac" },
  {
    name: "UDP with 1 % loss",
    camera: { faults: [{ kind: "packetLoss", probability: 0.01 }] },
    transport: "udp",
    ...fine,
    script: async (scene) => scene.records(150),
    damaged: true,
  },
]
