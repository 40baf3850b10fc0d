import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { HttpReceiver } from "../delivery/HttpReceiver.ts"
import { notificationOf, uuid } from "../delivery/notifications.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"

let receiver: HttpReceiver
let service: VigiaService

beforeAll(async () => {
  receiver = await HttpReceiver.start(null)
  const url = receiver.address.replace("http://", "http://ops:p4ssword@").replace("/hook", "/t0ken")
  service = await VigiaService.make({
    environment: { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: "s1gning" },
  })
}, 60_000)

afterAll(async () => {
  await service?.remove()
  await receiver?.stop()
})

describe("a notification that an earlier life left", () => {
  it("is delivered by the next, and no secret of the receiver is in the log", async () => {
    const outbox = join(service.stateDirectory, "outbox")
    mkdirSync(outbox, { recursive: true })
    const parcel = { sequence: 1, deliveredTo: [], notification: notificationOf(1) }
    writeFileSync(join(outbox, `${uuid(1)}.json`), JSON.stringify(parcel))
    receiver.script.push((response) => response.writeHead(500).end())
    await service.start()
    await awaitFact("it was tried twice", () => receiver.requests.length === 2)
    expect(receiver.keys).toEqual([uuid(1), uuid(1)])
    await awaitFact("no file is left", () => readdirSync(outbox).length === 0)
    expect(service.log).toContain("receiver webhook takes no notifications: it answers 500")
    expect(service.log).not.toMatch(/p4ssword|t0ken|s1gning/)
  })
})
