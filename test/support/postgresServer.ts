import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { TestProject } from "vitest/node"
import { EmbeddedPostgres } from "../../src/storage/embedded/EmbeddedPostgres.ts"

/** Where the PostgreSQL server listens that all test files of a run share. */
export interface SharedServer {
  readonly socketDirectory: string
  readonly port: number
  readonly user: string
  readonly database: string
}

declare module "vitest" {
  interface ProvidedContext {
    readonly postgresServer: SharedServer
  }
}

/** Starts an embedded server in a temporary directory; `stop` ends it and removes the directory. */
export const startSharedServer = async (): Promise<{
  readonly server: SharedServer
  readonly stop: () => Promise<void>
}> => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-test-"))
  const runtime = ManagedRuntime.make(
    EmbeddedPostgres.layer({
      stateDirectory: directory,
      sharedHome: join(directory, "shared"),
      // What a power cut would lose, a test does not need.
      parameters: { fsync: "off", synchronous_commit: "off", max_connections: "200" },
    }),
  )
  const { socketDirectory, port, user, database } = await runtime.runPromise(EmbeddedPostgres)
  return {
    server: { socketDirectory, port, user, database },
    stop: async () => {
      await runtime.dispose()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** One embedded server per run of vitest, stopped and removed at the end. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const { server, stop } = await startSharedServer()
  project.provide("postgresServer", server)
  return stop
}
