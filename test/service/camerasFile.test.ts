import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { VigiaService } from "../support/VigiaService.ts"

describe("the cameras file of a service", () => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-cameras-"))
  const path = join(directory, "cameras.yaml")
  let service: VigiaService
  beforeAll(async () => {
    service = await VigiaService.make({ environment: { CAMERAS_FILE: path } })
  })
  afterAll(async () => {
    await service.remove()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Starts a life with this file; the lines come under the owner, and under his camera. */
  const life = async (ofOwner: string, ofCamera: string): Promise<void> => {
    await service.end()
    writeFileSync(
      path,
      `owners:
  - name: Bakery
    plan: pro
    ${ofOwner}
    cameras:
      - name: Till
        url: rtsp://127.0.0.1:9/
        recording_enabled: false
        ${ofCamera}
`,
    )
    await service.start()
  }

  const limits = async () => ({
    owners: (await service.request("GET", "/api/owners")).body,
    cameras: (await service.request("GET", "/api/cameras")).body,
  })
  const limitsOf = (owner: object, camera: object) => ({
    owners: { owners: [{ id: 1, name: "Bakery", ...owner }] },
    cameras: { cameras: [{ id: 1, name: "Till", ...camera }] },
  })

  it("gives quotas and retention, changes them, and takes them away where it says null", async () => {
    await life("quota_bytes: 9e11", "retention_days: 15")
    expect(await limits()).toMatchObject(
      limitsOf({ quota_bytes: 9e11 }, { retention_days: 15, quota_bytes: null }),
    )
    await life("quota_bytes: 800000000000", "quota_bytes: 70000000000")
    expect(await limits()).toMatchObject(
      limitsOf({ quota_bytes: 8e11 }, { retention_days: 15, quota_bytes: 7e10 }),
    )
    await service.request("PATCH", "/api/owners/1", { quota_bytes: 6e11 })
    await service.request("PATCH", "/api/cameras/1", { quota_bytes: 5e10 })
    await life("", "retention_days: null")
    expect(await limits()).toMatchObject(
      limitsOf({ quota_bytes: 6e11 }, { retention_days: null, quota_bytes: 5e10 }),
    )
    await life("quota_bytes: null", "quota_bytes: null")
    expect(await limits()).toMatchObject(limitsOf({ quota_bytes: null }, { quota_bytes: null }))
  }, 120_000)

  it("with a retention that the plan does not allow ends the start, and names the line", async () => {
    await life("quota_bytes: 1", "retention_days: 16")
    expect(await service.end()).toBe(1)
    expect(service.log).toContain(
      `CAMERAS_FILE ${path}, line 9: owners.0.cameras.0.retention_days: expected 1 to 15, as the plan pro allows, or null`,
    )
    await life("", "")
    expect(await limits()).toMatchObject(limitsOf({ quota_bytes: null }, { retention_days: null }))
  }, 120_000)
})
