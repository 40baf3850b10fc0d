import { describe, expect, it } from "vitest"
import type { StoredOwner } from "../../../src/storage/Owners.ts"
import { ownersOf } from "../../../src/storage/rebuild/lostOwners.ts"
import { bakery, foundCamera } from "./writtenCameras.ts"

const removed = "2026-01-09T00:00:00.000Z"
const stored = (change: Partial<StoredOwner> = {}): StoredOwner => ({
  id: bakery.id,
  name: bakery.name,
  plan: bakery.plan,
  quotaBytes: null,
  createdAtMillis: Date.parse(bakery.created_at),
  deletedAtMillis: null,
  ...change,
})

const summary = (...parameters: Parameters<typeof ownersOf>) =>
  ownersOf(...parameters).map(({ owner, cameras }) => ({
    kind: owner.kind,
    id: owner.id,
    ...(owner.kind === "lost" ? { name: owner.name, plan: owner.plan } : {}),
    cameras: cameras.map(({ id }) => id),
  }))

describe("the owners of cameras that the database lost", () => {
  it("come back once, with their own id, as the file written last tells of them", () => {
    const renamed = { ...bakery, name: "Bakery Ltd", plan: "premium" } as const
    const found = [foundCamera(1, {}, 10), foundCamera(2, { owner: renamed }, 20), foundCamera(3, {}, 5)]
    expect(summary(found, [])).toEqual([
      { kind: "lost", id: 4, name: "Bakery Ltd", plan: "premium", cameras: [1, 2, 3] },
    ])
  })

  it("are two where they share a name and a plan", () => {
    const namesake = { ...bakery, id: 5 }
    expect(summary([foundCamera(1), foundCamera(2, { owner: namesake })], [])).toMatchObject([
      { kind: "lost", id: 4, cameras: [1] },
      { kind: "lost", id: 5, cameras: [2] },
    ])
  })

  it("are those of the database where it still knows them, whatever it calls them", () => {
    expect(summary([foundCamera(1)], [stored({ name: "Baker", plan: "basic" })])).toEqual([
      { kind: "known", id: 4, cameras: [1] },
    ])
  })

  it("do not get their cameras mixed with those of another owner who has their id by now", () => {
    const other = stored({ createdAtMillis: Date.parse(bakery.created_at) + 1 })
    expect(summary([foundCamera(1)], [other])).toEqual([
      { kind: "lost", id: null, name: "Bakery", plan: "pro", cameras: [1] },
    ])
    const sameId = { ...bakery, created_at: "2026-01-05T00:00:00.000Z" }
    expect(summary([foundCamera(1), foundCamera(2, { owner: sameId })], [])).toMatchObject([
      { id: 4, cameras: [1] },
      { id: null, cameras: [2] },
    ])
  })

  it("take back removed cameras when they were deleted, and are new for one that is to be recorded", () => {
    const gone = stored({ deletedAtMillis: 1 })
    expect(summary([foundCamera(1, { deleted_at: removed })], [gone])).toEqual([
      { kind: "known", id: 4, cameras: [1] },
    ])
    expect(summary([foundCamera(1)], [gone])).toMatchObject([{ kind: "lost", id: null }])
  })

  it("come back deleted only without a camera that is to be recorded", () => {
    const owner = { ...bakery, deleted_at: removed }
    const deletedAt = (...found: Parameters<typeof ownersOf>[0]) =>
      ownersOf(found, []).map((one) => (one.owner.kind === "lost" ? one.owner.deletedAt : "known"))
    expect(deletedAt(foundCamera(1, { owner, deleted_at: removed }))).toEqual([removed])
    expect(deletedAt(foundCamera(1, { owner, deleted_at: removed }), foundCamera(2, { owner }))).toEqual([
      null,
    ])
  })

  it("are told apart by name and plan in files of earlier versions", () => {
    const { name, plan } = bakery
    const early = (id: number, owner: { name: string; plan: "basic" | "pro" }) => foundCamera(id, { owner })
    expect(
      summary([early(1, { name, plan }), early(2, { name, plan: "basic" }), early(3, { name, plan })], []),
    ).toEqual([
      { kind: "lost", id: null, name, plan, cameras: [1, 3] },
      { kind: "lost", id: null, name, plan: "basic", cameras: [2] },
    ])
    expect(summary([early(1, { name, plan })], [stored()])).toEqual([{ kind: "known", id: 4, cameras: [1] }])
    expect(summary([early(1, { name, plan }), foundCamera(2)], [])).toEqual([
      { kind: "lost", id: 4, name, plan, cameras: [1, 2] },
    ])
  })
})
