import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { SimulatorServer } from "../../../src/demo/simulator/SimulatorServer.ts"
import type { CameraOptions, SimulatorOptions } from "../../../src/demo/simulator/simulator.ts"
import { RtspTestClient } from "./RtspTestClient.ts"

/** Clips are costly to make and never change: kept between runs in the untracked cache of the tests. */
export const clipDirectory = fileURLToPath(new URL("../../.cache/clips", import.meta.url))

/** A directory that goes with the test. */
export const temporaryDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "vigia-simulator-"))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Simulated cameras in this process, stopped when the test ends. */
export const startSimulator = async (
  cameras: ReadonlyArray<CameraOptions>,
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatorServer> => {
  const server = await SimulatorServer.start({ clipDirectory, cameras, ...options })
  onTestFinished(() => server.stop())
  return server
}

/** A client that plays, closed when the test ends. */
export const playing = async (url: string, tracks = 1): Promise<RtspTestClient> => {
  const client = await RtspTestClient.play(url, tracks)
  onTestFinished(() => client.close())
  return client
}

/** A client that is only connected, closed when the test ends. */
export const connected = async (url: string): Promise<RtspTestClient> => {
  const client = await RtspTestClient.open(url)
  onTestFinished(() => client.close())
  return client
}
