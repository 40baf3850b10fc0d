import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { LivingRun } from "../../src/recorder/livingRuns.ts"
import { isProcessAlive, signalProcess } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { CameraTransitions } from "./CameraTransitions.ts"
import { LeftScene } from "./LeftScene.ts"

const noticedWithinMillis = 1000

const endings = [
  {
    name: "closed",
    says: "whose camera closes the connection",
    cause: "camera_unreachable",
    end: (scene: LeftScene) => scene.camera("closed").set({ kind: "dropFin" }),
  },
  {
    name: "rebooted",
    says: "whose camera resets the connection",
    cause: "camera_unreachable",
    end: (scene: LeftScene) => scene.camera("rebooted").set({ kind: "dropReset" }),
  },
  {
    name: "killed",
    says: "that is killed",
    cause: "process_crashed",
    end: (_: LeftScene, run: LivingRun) => Promise.resolve(signalProcess(run, "SIGKILL")),
  },
  {
    name: "stalled",
    says: "whose camera stopped sending while there was no service",
    cause: "stalled",
    end: () => Promise.resolve(),
  },
  {
    name: "frozen",
    says: "that hangs",
    cause: "stalled",
    end: (_: LeftScene, run: LivingRun) => Promise.resolve(signalProcess(run, "SIGSTOP")),
  },
  {
    name: "told",
    says: "that somebody else ends with TERM",
    // It writes its end as when the camera closes the connection, and its exit status is not told to us.
    cause: "camera_unreachable",
    end: (_: LeftScene, run: LivingRun) => Promise.resolve(signalProcess(run, "SIGTERM")),
  },
] as const

const names = endings.map(({ name }) => name)
const runs = new Map<string, LivingRun>()
let scene: LeftScene
let transitions: CameraTransitions

beforeAll(async () => {
  scene = await LeftScene.open(names, [], { RECORDING_RETRY_INITIAL: "0.5" })
  for (const name of names) runs.set(name, scene.run(name))
  await scene.service.end("SIGKILL")
  await scene.camera("stalled").set({ kind: "stall" })
  await scene.service.start()
  await scene.records(...names)
  transitions = new CameraTransitions(scene.service.logPath)
})

afterAll(() => scene?.close())

describe("the end of an adopted run", () => {
  it.concurrent.each(endings)(
    "$says is noticed within a second, with its cause",
    async ({ name, cause, end }) => {
      const run = scene.run(name)
      await end(scene, run)
      const goneAtMillis = await awaitFact("the process has gone", () =>
        isProcessAlive(run) ? 0 : Date.now(),
      )
      const lastOfRun = scene.stamps(name).at(-1)
      const failed = await awaitFact("the service says why", () =>
        transitions.of(scene.id(name)).find(({ to }) => to === "backoff"),
      )
      // A run that hangs is noticed before its process has gone.
      const noticedMillis = Math.max(0, failed.atMillis - goneAtMillis)
      process.stdout.write(`adopted run ${name}: noticed ${noticedMillis} ms after its end\n`)
      expect(failed.cause).toBe(cause)
      expect(noticedMillis).toBeLessThan(noticedWithinMillis)

      await scene.camera(name).clear()
      await awaitFact("another run records", () => scene.runs(name).length === 1)
      await scene.records(name)
      expect(await scene.settled(name, true)).toBe(1)
      const { spans } = await scene.coverage(name)
      const gaps = spans.filter(({ kind }) => kind === "gap").map((span) => span.cause)
      expect(gaps).toEqual(["starting", cause])
      const gap = spans.find((span) => span.cause === cause)
      expect(Math.abs(Date.parse(gap?.from ?? "") - (lastOfRun?.sentAtMillis ?? 0))).toBeLessThan(500)
    },
  )
})
