import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { EvictionCandidate } from "../../src/storage/EvictionCandidates.ts"
import { evictionOrder, oldestFirst, type OwnerUse, shareOf } from "../../src/cleanup/evictionOrder.ts"

const recording = (id: number, sizeBytes: number, endMillis: number): EvictionCandidate => ({
  id,
  cameraId: 1,
  filePath: `cam_1/2026-01-14/${id}.mp4`,
  sizeBytes,
  startMillis: endMillis - 10,
  endMillis,
})

const anyOwners = fc
  .array(
    fc.record({
      shareBytes: fc.integer({ min: 0, max: 500 }),
      keptBytes: fc.integer({ min: 0, max: 300 }),
      files: fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 })), {
        maxLength: 12,
      }),
    }),
    { maxLength: 6 },
  )
  .map((owners) =>
    owners.map(({ shareBytes, keptBytes, files }, ownerId): OwnerUse => {
      const evictable = files.map(([size, end], at) => recording(ownerId * 100 + at, size, end))
      return { ownerId, shareBytes, evictable, bytes: keptBytes + sizeOf(evictable) }
    }),
  )

const sizeOf = (recordings: ReadonlyArray<EvictionCandidate>): number =>
  recordings.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)

const anyNeed = fc.integer({ min: -10, max: 2_000 })

describe("the order of eviction", () => {
  it("stops as soon as enough is free, and only then or when nothing is left", () => {
    fc.assert(
      fc.property(anyOwners, anyNeed, (owners, needed) => {
        const chosen = evictionOrder(owners, needed, Infinity)
        const all = owners.flatMap(({ evictable }) => evictable)
        expect(sizeOf(chosen.slice(0, -1)) < Math.max(needed, 0) || chosen.length === 0).toBe(true)
        expect(sizeOf(chosen) >= needed || chosen.length === all.length).toBe(true)
        expect(new Set(chosen.map(({ id }) => id)).size).toBe(chosen.length)
        expect(chosen.every((one) => all.includes(one))).toBe(true)
      }),
    )
  })

  it("takes each recording from the owner who is then furthest over his share, and his oldest", () => {
    fc.assert(
      fc.property(anyOwners, anyNeed, (owners, needed) => {
        const left = owners.map((owner) => ({ ...owner, evictable: [...owner.evictable] }))
        for (const one of evictionOrder(owners, needed, Infinity)) {
          const owner = left.find(({ evictable }) => evictable.includes(one))
          const over = ({ bytes, shareBytes }: OwnerUse) => bytes - shareBytes
          const able = left.filter(({ evictable }) => evictable.length > 0)
          expect(owner && over(owner)).toBe(Math.max(...able.map(over)))
          expect(one.endMillis).toBe(Math.min(...(owner?.evictable ?? []).map(({ endMillis }) => endMillis)))
          owner?.evictable.splice(owner.evictable.indexOf(one), 1)
          if (owner) Object.assign(owner, { bytes: owner.bytes - one.sizeBytes })
        }
      }),
    )
  })

  it("does not depend on the order in which it is told, and in batches is the same", () => {
    fc.assert(
      fc.property(anyOwners, anyNeed, fc.integer({ min: 1, max: 5 }), (owners, needed, batch) => {
        const chosen = evictionOrder(owners, needed, Infinity)
        const shuffled = owners
          .toReversed()
          .map((owner) => ({ ...owner, evictable: owner.evictable.toReversed() }))
        expect(evictionOrder(shuffled, needed, Infinity)).toEqual(chosen)

        const inBatches: Array<EvictionCandidate> = []
        let left = owners
        for (;;) {
          const next = evictionOrder(left, needed - sizeOf(inBatches), batch)
          if (next.length === 0) break
          inBatches.push(...next)
          left = left.map((owner) => ({
            ...owner,
            bytes: owner.bytes - sizeOf(owner.evictable.filter((one) => next.includes(one))),
            evictable: owner.evictable.filter((one) => !next.includes(one)),
          }))
        }
        expect(inBatches).toEqual(chosen)
      }),
    )
  })

  it("spares the one who is within his share while another is over", () => {
    const owners = [
      { ownerId: 1, bytes: 300, shareBytes: 500, evictable: [recording(1, 100, 1), recording(2, 100, 2)] },
      { ownerId: 2, bytes: 900, shareBytes: 500, evictable: [recording(3, 100, 50), recording(4, 100, 40)] },
    ]
    expect(evictionOrder(owners, 150, 10).map(({ id }) => id)).toEqual([4, 3])
  })

  it("is the same with a quota that is no less than an equal part: it is a limit, and no claim", () => {
    const anyQuotas = fc.array(fc.option(fc.integer({ min: 400, max: 5_000 })), {
      minLength: 6,
      maxLength: 6,
    })
    fc.assert(
      fc.property(anyOwners, anyNeed, anyQuotas, (owners, needed, quotas) => {
        const sharing = (quotaOf: (at: number) => number | null) =>
          owners.map((owner, at) => ({ ...owner, shareBytes: shareOf(quotaOf(at), 400) }))
        const equal = evictionOrder(
          sharing(() => null),
          needed,
          Infinity,
        )
        expect(
          evictionOrder(
            sharing((at) => quotas[at] ?? null),
            needed,
            Infinity,
          ),
        ).toEqual(equal)
      }),
    )
  })

  it("takes first from who is over a quota that is less than an equal part", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 299 }), (quotaBytes) => {
        const owners = [
          { ownerId: 1, bytes: 300, shareBytes: shareOf(null, 500), evictable: [recording(1, 100, 1)] },
          {
            ownerId: 2,
            bytes: 300,
            shareBytes: shareOf(quotaBytes, 500),
            evictable: [recording(2, 100, 50)],
          },
        ]
        expect(evictionOrder(owners, 100, 10).map(({ id }) => id)).toEqual([2])
      }),
    )
  })

  it("within a quota is by age alone", () => {
    const files = [recording(1, 10, 30), recording(2, 10, 10), recording(3, 10, 20)]
    expect(oldestFirst(files, 15).map(({ id }) => id)).toEqual([2, 3])
    expect(oldestFirst(files, 0)).toEqual([])
  })
})
