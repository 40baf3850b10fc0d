import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { isPostmasterOf, processesIn, readPostmaster } from "../../src/storage/embedded/postmaster.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { LostDatabaseFixture } from "./LostDatabaseFixture.ts"

let fixture: LostDatabaseFixture
let dataDirectory: string

const postmaster = (): number => readPostmaster(dataDirectory)?.pid ?? 0

/** As when the machine of the database fails: nothing of it ends in order. */
const loseDatabase = async (): Promise<void> => {
  const pid = postmaster()
  if (isPostmasterOf(pid, dataDirectory)) process.kill(pid, "SIGKILL")
  await awaitFact("the server has gone", () => processesIn(dataDirectory).length === 0)
  rmSync(dataDirectory, { recursive: true })
}

beforeAll(async () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "vigia-embedded-")))
  // As root the server runs as another user, who has to reach its directory.
  chmodSync(directory, 0o711)
  dataDirectory = join(directory, "state", "postgres")
  fixture = await LostDatabaseFixture.start({ directory, embedded: true })
}, 120_000)

afterAll(async () => {
  await fixture.service.end()
  if (existsSync(dataDirectory)) await loseDatabase()
  await fixture.stop()
})

it("Vigia's own database is lost with its directory while FFmpeg lives on, and is rebuilt", async () => {
  const before = await fixture.inventory()
  const pids = fixture.service.runs().map(({ pid }) => pid)
  expect(pids).toHaveLength(2)
  expect(isPostmasterOf(postmaster(), dataDirectory)).toBe(true)
  await fixture.service.end("SIGKILL")
  await loseDatabase()

  await fixture.life()

  await fixture.allRecord([1, 2])
  expect(await fixture.inventory()).toEqual(before)
  expect(fixture.service.runs().map(({ pid }) => pid)).toEqual(pids)
  expect(await fixture.addCamera(1)).toBe(71)
}, 120_000)
