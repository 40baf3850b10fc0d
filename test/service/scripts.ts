import type { FaultScene } from "./FaultScene.ts"

/** A camera without a fault. */
export const healthy = async (scene: FaultScene): Promise<void> => scene.records()

/** A camera that fails from its first moment until its conditions are cleared. */
export const mended = async (scene: FaultScene): Promise<void> => {
  await scene.enters("backoff")
  await scene.mend()
  await scene.records()
}

/** A camera that records, fails, is in order again and records. */
export const interrupted =
  (begin: (scene: FaultScene) => Promise<void>) =>
  async (scene: FaultScene): Promise<void> => {
    await scene.records()
    await begin(scene)
    await scene.enters("backoff")
    await scene.mend()
    await scene.records()
  }

/** A camera that goes on in spite of what happens. */
export const undisturbed =
  (happen: (scene: FaultScene) => Promise<void>) =>
  async (scene: FaultScene): Promise<void> => {
    await scene.records()
    await happen(scene)
    await scene.records(100)
  }

/** What a healthy camera has to show. */
export const fine = { route: "recordsAtOnce", causes: [], script: healthy } as const
