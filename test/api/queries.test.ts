import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { afterEach, describe, expect, it } from "vitest"
import type { StoredCamera } from "../../src/storage/Cameras.ts"
import { FakeApp } from "./FakeApp.ts"

let api: FakeApp
afterEach(() => api.close())

const refusal = (...errors: ReadonlyArray<readonly [field: string, message: string]>) => ({
  status: 400,
  body: { errors: errors.map(([field, message]) => ({ field, message })) },
})

const camera: StoredCamera = {
  id: 2,
  identity: "",
  ownerId: 1,
  name: "Till",
  url: Redacted.make("rtsp://127.0.0.1/"),
  transport: "tcp",
  recordingEnabled: false,
  profile: null,
  retentionDays: null,
  quotaBytes: null,
  createdAtMillis: 0,
}

describe("a request that may change something", () => {
  it("is refused with a query that is not known, whatever its route", async () => {
    api = new FakeApp()
    const routes = api.app.routes.filter(({ method }) => ["POST", "PATCH", "PUT", "DELETE"].includes(method))
    expect(routes.length).toBeGreaterThan(12)
    for (const { method, path } of routes) {
      const asked = `${path.replace(":id", "1")}?dryrun=true`
      const answer = await api.request(method, asked)
      const [fault] = refusal(["dryrun", ""]).body.errors
      expect([method, path, answer]).toMatchObject([
        method,
        path,
        {
          status: 400,
          body: { errors: [{ ...fault, message: expect.stringMatching(/^is not known here: /) }] },
        },
      ])
    }
  })

  it("is told what it may ask for", async () => {
    api = new FakeApp()
    expect(await api.request("POST", "/api/cleanup?force=1&dry_run=true&dry_run=true")).toMatchObject(
      refusal(
        ["force", "is not known here: this request takes dry_run, confirm"],
        ["dry_run", "is given more than once"],
      ),
    )
    expect(await api.request("DELETE", "/api/cameras/1?dry_run=true")).toMatchObject(
      refusal(["dry_run", "is not known here: this request takes no query"]),
    )
    for (const value of ["maybe", "", "TRUE", "1"]) {
      expect(await api.request("PATCH", `/api/cameras/1?dry_run=${value}`, {})).toMatchObject(
        refusal(["dry_run", 'Expected "true" | "false"']),
      )
    }
  })
})

describe("a cleanup", () => {
  const asked = async (path: string, body?: unknown) => {
    const calls: Array<string> = []
    const call = (name: string) => Effect.sync(() => void calls.push(name))
    api = new FakeApp({
      cleanup: {
        request: Effect.as(call("request"), true),
        trustClock: call("trustClock"),
        preview: ({ trustsClock }) => Effect.as(call(`preview ${trustsClock}`), []),
        state: Effect.succeed({ running: null, passes: [], clockSteps: [], future: null }),
      },
    })
    const { status } = await api.request("POST", path, body)
    await api.close()
    return [status, ...calls]
  }

  it("is only tried, or trusts the clock, where the query or the body says so", async () => {
    expect(await asked("/api/cleanup")).toEqual([202, "request"])
    expect(await asked("/api/cleanup?dry_run=true")).toEqual([200, "preview false"])
    expect(await asked("/api/cleanup?dry_run=true", { confirm: true })).toEqual([200, "preview true"])
    expect(await asked("/api/cleanup?confirm=true", { dry_run: true })).toEqual([200, "preview true"])
    expect(await asked("/api/cleanup?confirm=true")).toEqual([202, "trustClock", "request"])
    expect(await asked("/api/cleanup?dry_run=false&confirm=false")).toEqual([202, "request"])
    expect(await asked("/api/cleanup?dry_run=true", { dry_run: false })).toEqual([400])
  })
})

describe("a change of limits", () => {
  it("of a camera is only tried where that is asked for", async () => {
    const calls: Array<unknown> = []
    api = new FakeApp({
      cameras: { get: () => Effect.succeed(camera) },
      owners: {
        get: (id) => Effect.succeed({ id, name: "", plan: "pro", quotaBytes: null, createdAtMillis: 0 }),
      },
      changePreview: {
        ofCamera: (id, trial) =>
          Effect.sync(() => {
            calls.push([id, trial])
            const sum = { files: 3, bytes: 30, oldestMillis: 0, newestMillis: 1 }
            return [{ ...sum, cameraId: id, ownerId: 1, overQuota: { files: 1, bytes: 10 } }]
          }),
      },
    })
    const change = { name: "Door", retention_days: 1, quota_bytes: 5, owner_id: 7 }
    expect(await api.request("PATCH", "/api/cameras/2?dry_run=true", change)).toEqual({
      status: 200,
      body: {
        dry_run: true,
        files: 3,
        bytes: 30,
        cameras: [
          {
            camera_id: 2,
            owner_id: 1,
            files: 3,
            bytes: 30,
            oldest: "1970-01-01T00:00:00.000Z",
            newest: "1970-01-01T00:00:00.001Z",
            over_quota: { files: 1, bytes: 10 },
          },
        ],
      },
    })
    expect(calls).toEqual([[2, { ownerId: 7, retentionDays: 1, quotaBytes: 5 }]])
    expect(await api.request("PATCH", "/api/cameras/2?dry_run=true", { retention_days: 16 })).toMatchObject(
      refusal(["retention_days", "expected 1 to 15, as the plan pro allows, or null"]),
    )
  })

  it("of an owner is tried with his quota, too", async () => {
    const calls: Array<unknown> = []
    api = new FakeApp({
      changePreview: {
        ofOwner: (...asked) =>
          Effect.as(
            Effect.sync(() => void calls.push(asked)),
            [],
          ),
      },
    })
    const { status } = await api.request("PATCH", "/api/owners/1?dry_run=true", {
      plan: "basic",
      quota_bytes: 5,
    })
    expect([status, ...calls]).toEqual([200, [1, { plan: "basic", quotaBytes: 5 }]])
  })
})
