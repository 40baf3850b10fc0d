import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it } from "vitest"
import { type ClipRequest } from "../../src/domain/Clip.ts"
import { CameraNotFound } from "../../src/storage/Cameras.ts"
import { OwnerNotFound } from "../../src/storage/Owners.ts"
import { FakeApp } from "./FakeApp.ts"

let api: FakeApp
afterEach(() => api.close())

const bytes = "expected whole bytes from 1 to 9007199254740991, or null"
const days = "expected whole days from 1 to 3650, or null"
const id = "expected a whole number from 1 to 2147483647"

describe("a fault of a request", () => {
  it.each([
    ["PATCH", "/api/owners/1", { quota_bytes: "5G" }, "quota_bytes", bytes],
    ["PATCH", "/api/owners/1", { quota_bytes: 1.5 }, "quota_bytes", bytes],
    ["PATCH", "/api/cameras/1", { quota_bytes: 0 }, "quota_bytes", bytes],
    ["PATCH", "/api/cameras/1", { quota_bytes: 2 ** 53 }, "quota_bytes", bytes],
    ["PATCH", "/api/cameras/1", { retention_days: "7" }, "retention_days", days],
    ["PATCH", "/api/cameras/1", { retention_days: 3651 }, "retention_days", days],
    ["POST", "/api/recording/start", { camera_id: "1" }, "camera_id", id],
    ["POST", "/api/recording/stop", { camera_id: null }, "camera_id", id],
    ["POST", "/api/recording/stop", { camera_id: 2 ** 31 }, "camera_id", id],
  ])("%s %s %j: says what is expected", async (method, path, body, field, message) => {
    api = new FakeApp()
    expect(await api.request(method, path, body)).toMatchObject({
      status: 400,
      body: { errors: [{ field, message }] },
    })
  })

  it("is a range of recordings that ends before it begins", async () => {
    api = new FakeApp()
    const path = "/api/recordings?camera_id=1&from=2026-01-14T15:00:00Z&to=2026-01-14T14:00:00Z"
    expect(await api.request("GET", path)).toMatchObject({
      status: 400,
      body: { errors: [{ field: "from", message: "must be before `to`" }] },
    })
  })

  const from = "2026-01-14T15:00:00Z"
  const clip = { camera_id: 7, from, to: "2026-01-14T15:01:00Z", name: "Door" }
  it.each([
    ["POST", "/api/clips", clip, "camera_id", "There is no camera 7"],
    ["POST", "/api/recording/start", { camera_id: 7 }, "camera_id", "There is no camera 7"],
    ["POST", "/api/recording/stop", { camera_id: 7 }, "camera_id", "There is no camera 7"],
    ["GET", "/api/recordings?camera_id=7", undefined, "camera_id", "There is no camera 7"],
    [
      "POST",
      "/api/silences",
      { camera_id: 7, until: new Date(Date.now() + 3_600_000), comment: "" },
      "camera_id",
      "There is no camera 7",
    ],
    [
      "POST",
      "/api/cameras",
      { owner_id: 7, name: "x", url: "rtsp://127.0.0.1/x" },
      "owner_id",
      "There is no owner 7",
    ],
  ])("%s %s %j: names the field that names nothing", async (method, path, body, field, message) => {
    const noCamera = () => Effect.fail(new CameraNotFound({ cameraId: 7 }))
    api = new FakeApp({
      clipExports: { request: noCamera },
      cameras: { getKept: noCamera },
      registry: {
        start: noCamera,
        stop: noCamera,
        create: () => Effect.fail(new OwnerNotFound({ ownerId: 7 })),
      },
    })
    expect(await api.request(method, path, body)).toMatchObject({
      status: 404,
      body: { detail: message, errors: [{ field, message }] },
    })
  })

  it("is no end of a clip that another clock takes for now", async () => {
    const ends: Array<number> = []
    api = new FakeApp({
      clipExports: {
        request: ({ toMillis }: ClipRequest) =>
          Effect.suspend(() => {
            ends.push(toMillis)
            return Effect.fail(new CameraNotFound({ cameraId: 7 }))
          }),
      },
    })
    const before = Date.now()
    await api.request("POST", "/api/clips", { ...clip, to: new Date(before + 4_000) })
    expect(ends[0]).toBeGreaterThanOrEqual(before)
    expect(ends[0]).toBeLessThanOrEqual(Date.now())
    await api.request("POST", "/api/clips", { ...clip, to: new Date(before + 3_600_000) })
    expect(ends[1]).toBe(before + 3_600_000)
    await api.request("POST", "/api/clips", clip)
    expect(ends[2]).toBe(Date.parse(clip.to))
  })
})
