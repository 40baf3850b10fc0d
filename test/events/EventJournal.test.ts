import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { describe, expect, it } from "vitest"
import type { VigiaEvent } from "../../src/domain/VigiaEvent.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"

const event: VigiaEvent = { type: "gap.began", cameraId: 1, cause: "stalled", startMillis: 1 }

const opened = async () => {
  const runtime = ManagedRuntime.make(EventJournal.layer)
  return { runtime, journal: await runtime.runPromise(EventJournal) }
}

describe("EventJournal", () => {
  it("wakes who waits once for all that is published in one turn, after the publisher went on", async () => {
    const { runtime, journal } = await opened()
    const begin = journal.lastId()
    let woken = 0
    const readers = Array.from({ length: 200 }, () =>
      runtime.runPromise(Effect.map(journal.newerThan(begin), () => (woken += 1))),
    )
    for (let at = 0; at < 5000; at += 1) journal.publish(event)
    expect(woken).toBe(0)
    await Promise.all(readers)
    expect(woken).toBe(200)
    expect(journal.read(begin, 10_000).entries).toHaveLength(5000)
    await runtime.runPromise(journal.newerThan(begin))
    await runtime.dispose()
  })

  it("keeps the last 10,000 events", async () => {
    const { runtime, journal } = await opened()
    const begin = journal.lastId()
    for (let at = 0; at < 10_001; at += 1) journal.publish(event)
    expect(journal.read(begin, Infinity)).toMatchObject({ missed: 1 })
    expect(journal.read(begin, Infinity).entries).toHaveLength(10_000)
    await runtime.dispose()
  })

  it("gives ids that no other life of the service gives", async () => {
    const [one, other] = [await opened(), await opened()]
    one.journal.publish(event)
    other.journal.publish(event)
    expect(other.journal.read(one.journal.lastId(), 10)).toMatchObject({ missed: null })
    await one.runtime.dispose()
    await other.runtime.dispose()
  })
})
