import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { VigiaEvent } from "../../src/domain/VigiaEvent.ts"
import { EventRing } from "../../src/events/EventRing.ts"

const capacity = 20

const numbered = (startMillis: number): VigiaEvent => ({
  type: "gap.began",
  cameraId: 1,
  cause: "stalled",
  startMillis,
})

const numberOf = (event: VigiaEvent): number => (event.type === "gap.began" ? event.startMillis : Number.NaN)

/** One of several readers reads some, is away while it does not, or asks for all that is kept. */
const steps = fc.array(
  fc.oneof(
    fc.record({ publish: fc.integer({ min: 1, max: 35 }) }),
    fc.record({ reader: fc.integer({ min: 0, max: 3 }), limit: fc.integer({ min: 1, max: 30 }) }),
  ),
  { maxLength: 60, size: "max" },
)

describe("EventRing", () => {
  it("tells each reader everything in order, or exactly how many it missed, whenever it comes back", () => {
    fc.assert(
      fc.property(steps, (played) => {
        const ring = new EventRing("a", capacity)
        let published = 0
        const readers = Array.from({ length: 4 }, () => ({ id: ring.lastId, heard: 0 }))
        const read = (reader: { id: string; heard: number }, limit: number): void => {
          const { entries, missed, fromId, lastId } = ring.read(reader.id, limit)
          const oldestKept = Math.max(0, published - capacity)
          expect(missed).toBe(Math.max(0, oldestKept - reader.heard))
          reader.heard += missed ?? 0
          expect(fromId).toBe(`a-${reader.heard}`)
          expect(entries.map(({ event }) => numberOf(event))).toEqual(
            Array.from(
              { length: Math.min(limit, published - reader.heard) },
              (_, at) => reader.heard + at + 1,
            ),
          )
          expect(entries.at(-1)?.id ?? fromId).toBe(lastId)
          reader.heard += entries.length
          reader.id = lastId
        }
        for (const step of played) {
          if ("publish" in step) {
            for (let at = 0; at < step.publish; at += 1) ring.add(numbered((published += 1)), 0)
          } else {
            const reader = readers[step.reader]
            if (reader !== undefined) read(reader, step.limit)
          }
        }
        for (const reader of readers) {
          read(reader, Infinity)
          expect(reader.heard).toBe(published)
        }
      }),
      { seed: 5, numRuns: 1000 },
    )
  })

  it("says that it cannot know how many were missed since an id that it never gave", () => {
    const ring = new EventRing("b", capacity)
    ring.add(numbered(1), 0)
    for (const id of ["a-1", "b-2", "b-01", "b-", "b--1", "b-1e3", "", "\n", "b-99999999999999999999"]) {
      expect(ring.read(id, 10)).toMatchObject({ missed: null, fromId: "b-0", lastId: "b-1" })
    }
    expect(ring.read("b-1", 10)).toMatchObject({ entries: [], missed: 0 })
  })

  it("reads from the oldest that is kept where no id is given", () => {
    const ring = new EventRing("b", capacity)
    for (let at = 1; at <= 25; at += 1) ring.add(numbered(at), at)
    const { entries, missed } = ring.read(null, Infinity)
    expect(entries).toHaveLength(capacity)
    expect(entries[0]).toEqual({ id: "b-6", atMillis: 6, event: numbered(6) })
    expect(missed).toBe(0)
  })
})
