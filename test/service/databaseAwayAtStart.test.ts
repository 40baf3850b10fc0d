import * as Schema from "effect/Schema"
import { afterAll, beforeAll, expect, it } from "vitest"
import { HttpReceiver } from "../delivery/HttpReceiver.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { OwnServer } from "../support/OwnServer.ts"
import { VigiaService } from "../support/VigiaService.ts"

const Listed = Schema.Struct({
  alerts: Schema.Array(Schema.Struct({ id: Schema.String, ended_at: Schema.NullOr(Schema.String) })),
})
const Told = Schema.Struct({
  kind: Schema.String,
  alerts: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      detail: Schema.String,
      ended_at: Schema.NullOr(Schema.String),
    }),
  ),
})

let server: OwnServer
let receiver: HttpReceiver
let service: VigiaService

const told = () =>
  receiver.requests
    .map(({ body }) => Schema.decodeUnknownSync(Told)(JSON.parse(body)))
    .filter(({ kind }) => kind === "database_away")

beforeAll(async () => {
  server = await OwnServer.start()
  receiver = await HttpReceiver.start(null)
  service = await VigiaService.make({
    databaseServer: server.address,
    environment: { ALERT_WEBHOOK_URL: receiver.address, RECORDING_DISK_WARNING: "100" },
  })
}, 60_000)

afterAll(async () => {
  await service?.remove()
  await receiver?.stop()
  await server?.remove()
})

it("tells that its database is away at the start, once, and that it is back", async () => {
  await server.stop()
  const startedMillis = Date.now()
  service.spawn()
  try {
    await awaitFact("somebody is told", () => told().length > 0, 180_000)
  } finally {
    await server.start()
  }
  process.stdout.write(`no database at the start: told after ${(Date.now() - startedMillis) / 1000} s\n`)
  const [raised] = told()[0]?.alerts ?? []
  expect(raised).toMatchObject({ ended_at: null, detail: expect.stringContaining("nothing new is recorded") })

  await service.ready()
  const listed = async () => {
    const { status, body } = await service.request("GET", "/api/alerts?state=all&kind=database_away")
    return status === 200 ? Schema.decodeUnknownSync(Listed)(body).alerts : []
  }
  await awaitFact(
    "it has ended",
    async () => (await listed()).some(({ ended_at }) => ended_at !== null),
    120_000,
  )
  expect(await listed()).toMatchObject([{ id: raised?.id }])
  expect(told()).toHaveLength(1)
}, 360_000)
