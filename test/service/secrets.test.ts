import { once } from "node:events"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { findLivingRuns } from "../../src/recorder/livingRuns.ts"
import { EventClient } from "../events/EventClient.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { makeTestDatabase } from "../support/database.ts"
import { RecordingFixture } from "./RecordingFixture.ts"

const right = "r1ght-s3cret"
const wrong = "wr0ng-s3cret"
const token = "t0ken-s3cret"
/** With what URLs allow and people type. */
const quoted = "qu'0t<d-s3cret"
const inPath = "p'ath-s3cret"
const inQuery = "qu3ry-s3cret"
const secrets = [right, wrong, token, quoted, inPath, inQuery]

/** Also as bytes look in a dump, and as Basic credentials carry them. */
const disguises = secrets.flatMap((secret) => [
  secret,
  Buffer.from(secret).toString("hex"),
  Buffer.from(`viewer:${secret}`).toString("base64"),
])

const leaksIn = (text: string): ReadonlyArray<string> => disguises.filter((secret) => text.includes(secret))

const filesBelow = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())

/** Every row of every table, as text. */
const databaseText = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ readonly name: string }>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`
  const texts = yield* Effect.forEach(
    tables,
    ({ name }) => sql<{ readonly row: string }>`SELECT t::text AS row FROM ${sql(name)} t`,
  )
  return texts
    .flat()
    .map(({ row }) => row)
    .join("\n")
})

const opened: {
  fixture: RecordingFixture | null
  database: Awaited<ReturnType<typeof makeTestDatabase>> | null
  close: () => void
} = { fixture: null, database: null, close: () => undefined }
const answers: Array<string> = []
const environments: Array<string> = []

const running = (): RecordingFixture => {
  if (opened.fixture === null) throw new Error("the service was not started")
  return opened.fixture
}

const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
  const answer = await running().service.request(method, path, body)
  answers.push(`${method} ${path} ${answer.status} ${JSON.stringify(answer.body)}`)
}

const withPassword = (url: string, password: string): string =>
  url.replace("rtsp://", `rtsp://viewer:${password}@`)

/** A camera in whose answer FFmpeg finds no word that says why: it prints the URL, and Vigia shows its last line. */
const serveNoTls = async () => {
  const server = createServer((socket) => socket.on("error", () => undefined).end("no TLS\r\n"))
  await once(server.listen(0, "127.0.0.1"), "listening")
  const bound = server.address()
  if (bound === null || typeof bound === "string") throw new Error("no port was bound")
  return { address: `127.0.0.1:${bound.port}`, close: () => server.close() }
}

const askAbout = async (id: number): Promise<void> => {
  const range = `from=${new Date(Date.now() - 600_000).toISOString()}&to=${new Date().toISOString()}`
  await ask("GET", `/api/cameras/${id}`)
  await ask("GET", `/api/recording/status/${id}`)
  await ask("GET", `/api/recordings?camera_id=${id}`)
  await ask("GET", `/api/cameras/${id}/coverage?${range}`)
}

describe("the secrets of cameras", () => {
  beforeAll(async () => {
    const database = await makeTestDatabase()
    opened.database = database
    opened.fixture = await RecordingFixture.start({
      POSTGRES_DB: database.settings.database,
      LOG_LEVEL: "trace",
      RECORDING_RETRY_INITIAL: "0.2",
      RECORDING_RETRY_MAX: "0.5",
      RECORDING_RETRY_PERMANENT: "0.5",
    })
    const credentials = { scheme: "basic", username: "viewer", password: right } as const
    const guarded = await running().simulate({ credentials, port: 0 })
    const refusing = await running().simulate({ credentials: { ...credentials, scheme: "digest" } })
    const recorded = await running().add(withPassword(guarded.url, right))
    const refused = await running().add(withPassword(refusing.url, wrong))
    const unknown = await running().add(`${withPassword(guarded.url, right)}-unknown?token=${token}`)
    await running().records(recorded)
    await awaitFact(
      "the unknown path is not found",
      async () => (await running().status(unknown)).cause === "not_found",
    )
    await awaitFact(
      "the wrong password is refused",
      async () => (await running().status(refused)).cause === "auth_failed",
    )
    const odd = await serveNoTls()
    opened.close = odd.close
    const heard = new EventClient(running().service.address, "/api/events").listen()
    await awaitFact("the stream of events begins", () => heard.head !== "")
    const puzzling = await Promise.all(
      [
        `rtsps://viewer:${quoted}@${odd.address}/live`,
        `rtsps://${odd.address}/user=admin_password=${inPath}_channel=1.sdp`,
        `rtsps://${odd.address}/live?usr=admin&p=${inQuery}`,
      ].map((url) => running().add(url)),
    )
    for (const id of puzzling) {
      await awaitFact("the last line of FFmpeg is shown", async () => {
        const { body } = await running().service.request("GET", `/api/recording/status/${id}`)
        return JSON.stringify(body).includes("Input/output error")
      })
      await awaitFact("the stream tells of it", () =>
        heard.parser.events.some(({ data }) => /Input\/output error/.test(JSON.stringify(data))),
      )
      await askAbout(id)
    }
    await awaitFact("health tells of them", async () => {
      const { body } = await running().service.request("GET", "/api/health")
      return JSON.stringify(body).split("Input/output error").length > puzzling.length
    })
    for (const path of ["/api/health", "/api/alerts?state=all", "/api/storage"]) await ask("GET", path)
    answers.push(JSON.stringify(heard.parser.events))
    heard.close()
    for (const { cameraId, pid } of findLivingRuns(running().service.recordingDirectory)) {
      // Others come and go: they are refused.
      if (cameraId === recorded) environments.push(readFileSync(`/proc/${pid}/environ`, "utf8"))
    }
    // What FFmpeg itself prints on errors: the URL as it was given.
    for (const fault of [
      { kind: "credentials", credentials: { ...credentials, password: "changed" } },
      { kind: "refuse" },
    ] as const) {
      await guarded.set(fault)
      await guarded.set({ kind: "dropFin" })
      const cause = fault.kind === "refuse" ? "camera_unreachable" : "auth_failed"
      await awaitFact(cause, async () => (await running().status(recorded)).cause === cause)
      await askAbout(recorded)
    }
    await askAbout(refused)
    await askAbout(unknown)
    await ask("GET", "/api/cameras")
    await ask("PATCH", `/api/cameras/${refused}`, { url: withPassword(refusing.url, right) })
    await ask("PATCH", `/api/cameras/${refused}`, { url: `http://viewer:${wrong}@127.0.0.1/x` })
    await ask("POST", "/api/cameras", {
      owner_id: running().ownerId,
      name: "x",
      url: `rtsp://viewer:${wrong}@127.0.0.1/ x`,
    })
    await ask("POST", "/api/cameras", {
      owner_id: 77,
      name: "x",
      url: withPassword(refusing.url, wrong),
    })
    for (const id of [recorded, refused, unknown, ...puzzling]) {
      await ask("POST", "/api/recording/stop", { camera_id: id })
    }
    // Its files and its record are settled after FFmpeg itself has gone.
    await awaitFact("no run is left", () => {
      const { service } = running()
      return service.runs().length === 0 && readdirSync(join(service.stateDirectory, "runs")).length === 0
    })
  })

  afterAll(async () => {
    await opened.fixture?.stop()
    opened.close()
    await opened.database?.dispose()
  })

  it("are in no answer", () => {
    expect(answers.length).toBeGreaterThan(15)
    expect(leaksIn(answers.join("\n"))).toEqual([])
  })

  it("are not in the service's log, though it tells of the failures", () => {
    const { log } = running().service
    expect(log).toContain("auth_failed")
    expect(log).toContain("camera_unreachable")
    expect(leaksIn(log)).toEqual([])
  })

  it("are in no file that the service keeps", () => {
    const files = filesBelow(running().service.directory)
    expect(files.some((path) => path.endsWith(".mp4"))).toBe(true)
    expect(files.filter((path) => leaksIn(readFileSync(path, "latin1")).length > 0)).toEqual([])
    expect(readdirSync(join(running().service.directory, "state", "runs"))).toEqual([])
  })

  it("are not in the environment of FFmpeg", () => {
    expect(environments.length).toBeGreaterThan(0)
    expect(leaksIn(environments.join("\n"))).toEqual([])
  })

  it("are not readable in the database", async () => {
    const database = opened.database
    if (database === null) throw new Error("no database")
    const { host, port, user, password, database: name } = database.settings
    const text = await Effect.runPromise(
      databaseText.pipe(
        Effect.provide(PgClient.layer({ host, port, username: user, password, database: name })),
      ),
    )
    expect(text).toContain("rtsp://127.0.0.1")
    expect(text).toContain("auth_failed")
    expect(leaksIn(text)).toEqual([])
  })
})
