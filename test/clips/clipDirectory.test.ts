import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeClipDirectory } from "../../src/clips/clipDirectory.ts"
import { removeClip, removeLeftovers, removeUnfinished, retractClip } from "../../src/clips/clipFiles.ts"

const id = "0c0ffee0-0000-4000-8000-000000000000"
const clip = { id, cameraId: 1, filePath: "cam_1/clips/door.mp4" }
const names = [`.export-${id}.mp4`, "door.json", "door.mp4"]

let root = ""
let recordings = ""

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vigia-linked-"))
  recordings = join(root, "recordings")
  mkdirSync(join(root, "elsewhere/clips"), { recursive: true })
  mkdirSync(recordings)
  for (const name of names) writeFileSync(join(root, "elsewhere/clips", name), `{"clip_id":"${id}"}`)
})
afterEach(() => rmSync(root, { recursive: true }))

describe("a directory of clips that is, or lies behind, a symbolic link", () => {
  it.each([
    [
      "cam_1/clips",
      () => {
        mkdirSync(join(recordings, "cam_1"))
        symlinkSync(join(root, "elsewhere/clips"), join(recordings, "cam_1/clips"))
      },
    ],
    ["cam_1", () => symlinkSync(join(root, "elsewhere"), join(recordings, "cam_1"))],
  ] as const)("is named, and nothing in it is touched: %s", async (path, link) => {
    link()
    const linked = { _tag: "ClipDirectoryLinked", path }
    await expect(makeClipDirectory(recordings, 1)).rejects.toMatchObject(linked)
    await expect(removeClip(recordings, clip.filePath)).rejects.toMatchObject(linked)
    await expect(retractClip(recordings, clip)).rejects.toMatchObject(linked)
    await expect(removeUnfinished(recordings, clip)).rejects.toMatchObject(linked)
    expect(await removeLeftovers(recordings, () => false)).toBe(0)
    expect(readdirSync(join(root, "elsewhere/clips")).toSorted()).toEqual(names)
  })

  it("is not made where the link leads nowhere", async () => {
    mkdirSync(join(recordings, "cam_1"))
    symlinkSync(join(root, "nowhere"), join(recordings, "cam_1/clips"))
    await expect(makeClipDirectory(recordings, 1)).rejects.toMatchObject({ _tag: "ClipDirectoryLinked" })
    expect(existsSync(join(root, "nowhere"))).toBe(false)
  })
})
