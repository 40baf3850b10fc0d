import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { answers, HttpReceiver } from "../delivery/HttpReceiver.ts"
import { notificationOf, uuid } from "../delivery/notifications.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { VigiaService } from "../support/VigiaService.ts"
import { HealthAnswer } from "./healthAnswer.ts"

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
  it("is delivered by the next; health tells of a receiver that fails, and no secret of it is in the log", async () => {
    const outbox = join(service.stateDirectory, "outbox")
    mkdirSync(outbox, { recursive: true })
    const parcel = { sequence: 1, deliveredTo: [], notification: notificationOf(1) }
    writeFileSync(join(outbox, `${uuid(1)}.json`), JSON.stringify(parcel))
    receiver.reaction = answers(500)
    await service.start()
    const told = await awaitFact("health tells that the receiver fails", async () => {
      const { delivery } = Schema.decodeUnknownSync(HealthAnswer)(
        (await service.request("GET", "/api/health")).body,
      )
      return delivery.failing_receivers.length === 0 ? null : delivery
    })
    expect(told).toEqual({
      waiting: 1,
      failing_receivers: [{ receiver: "webhook", since: expect.any(String), error: "it answers 500" }],
      outbox_fault: null,
    })
    receiver.reaction = answers(204)
    await awaitFact("no file is left", () => readdirSync(outbox).length === 0)
    expect(receiver.keys.length).toBeGreaterThan(1)
    expect(new Set(receiver.keys)).toEqual(new Set([uuid(1)]))
    expect(service.log).toContain("receiver webhook takes no notifications: it answers 500")
    expect(service.log).not.toMatch(/p4ssword|t0ken|s1gning/)
  })
})
