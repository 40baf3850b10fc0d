import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as SqlClient from "effect/sql/SqlClient"
import type { DatabaseSettings } from "../../src/config/Settings.ts"
import { type Random, seededRandom } from "../../src/demo/simulator/seededRandom.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { databaseLayer } from "../../src/storage/Database.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase, readRows } from "../support/database.ts"
import { OwnServer } from "../support/OwnServer.ts"
import { SteadyWriter, storedRows, wantedRows, writtenCameraIds } from "./SteadyWriter.ts"
import { type Verdict, greatest, median, rounded } from "./verdict.ts"

export interface DatabaseKilledOptions {
  readonly seed: number
  readonly kills: number
}

type ServerSettings = Extract<DatabaseSettings, { readonly kind: "server" }>

const addCameras = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO owners (name, plan) VALUES ('Ana', 'basic')`
  for (const id of writtenCameraIds) {
    yield* sql`INSERT INTO cameras (owner_id, name, url, sealed_url, transport, recording_enabled)
      VALUES (1, ${String(id)}, '', '', 'tcp', true)`
  }
})

const textOf = (row: unknown): string =>
  typeof row === "object" && row !== null && "row" in row ? String(row.row) : ""

const stored = async (settings: ServerSettings): Promise<ReadonlyArray<string>> =>
  (await readRows(settings, storedRows)).map(textOf)

/** Kills the server at a random instant; resolves when rows are acknowledged again. */
const killOnce = async (
  server: OwnServer,
  settings: ServerSettings,
  writer: SteadyWriter,
  random: Random,
): Promise<{ readonly awaySeconds: number; readonly lost: number }> => {
  await new Promise((passed) => setTimeout(passed, 100 + random() * 1400))
  if (server.kill() === 0) throw new Error("there was no server to kill")
  const acknowledged = writer.acknowledged
  const killedAt = performance.now()
  await awaitFact("rows are acknowledged again", () => writer.acknowledged > acknowledged + 1)
  const awaySeconds = (performance.now() - killedAt) / 1000
  // The catalog never writes again what was acknowledged: it must be there by itself.
  const rows = new Set(await stored(settings))
  const settled = wantedRows(acknowledged).filter((row) => !row.endsWith(" open"))
  return { awaySeconds, lost: settled.filter((row) => !rows.has(row)).length }
}

/** PostgreSQL is killed with all its processes, again and again, while a catalog writes as fast as it can. */
export const measureDatabaseKilled = async (
  options: DatabaseKilledOptions,
): Promise<ReadonlyArray<Verdict>> => {
  const random = seededRandom(options.seed, "database killed")
  const server = await OwnServer.start()
  const stateDirectory = mkdtempSync(join(tmpdir(), "vigia-killed-"))
  const { settings } = await makeTestDatabase(server.address)
  const runtime = ManagedRuntime.make(
    Catalog.layer({ stateDirectory }).pipe(Layer.provideMerge(databaseLayer(settings))),
  )
  try {
    await runtime.runPromise(addCameras)
    const writer = new SteadyWriter(runtime)
    const rounds: Array<Awaited<ReturnType<typeof killOnce>>> = []
    for (let kill = 0; kill < options.kills; kill += 1) {
      rounds.push(await killOnce(server, settings, writer, random))
    }
    await writer.stop()
    const rows = await stored(settings)
    const wanted = new Set(wantedRows(writer.written))
    const found = new Set(rows)
    const lost = rounds.reduce((sum, round) => sum + round.lost, 0)
    const missing = [...wanted].filter((row) => !found.has(row)).length
    const wrong = rows.filter((row) => !wanted.has(row)).length
    return [
      {
        name: "database_away.killed",
        figures: {
          kills: options.kills,
          flushes: writer.flushes,
          failed_flushes: writer.failedFlushes,
          rows: rows.length,
          lost_after_a_kill: lost,
          missing,
          double: rows.length - found.size,
          wrong,
          longest_until_acknowledged_seconds: rounded(greatest(rounds.map(({ awaySeconds }) => awaySeconds))),
          median_until_acknowledged_seconds: rounded(median(rounds.map(({ awaySeconds }) => awaySeconds))),
        },
        target: "no acknowledged row is lost, no row is there twice, none is wrong",
        met:
          writer.failedFlushes > 0 &&
          lost === 0 &&
          missing === 0 &&
          wrong === 0 &&
          rows.length === found.size,
      },
    ]
  } finally {
    await runtime.dispose()
    await server.remove()
    rmSync(stateDirectory, { recursive: true, force: true })
  }
}
