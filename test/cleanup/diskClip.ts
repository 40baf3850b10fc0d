import { randomUUID } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import type { Clip, ClipContent } from "../../src/domain/Clip.ts"
import { Clips } from "../../src/storage/Clips.ts"
import { sidecarOf, sidecarPathOf } from "../../src/storage/clipSidecar.ts"
import type { CleanupScene } from "./CleanupScene.ts"

/** A clip on disk as an export leaves it, with its sidecar and its row; nothing of it may ever change. */
export interface DiskClip {
  readonly id: string
  readonly filePath: string
  readonly sidecarText: string
}

/** Makes a clip of a camera, of an hour that may be as old as any recording. */
export const makeClip = async (
  scene: CleanupScene,
  cameraId: number,
  startMillis: number,
): Promise<DiskClip> => {
  const id = randomUUID()
  const filePath = `cam_${cameraId}/clips/${id}.mp4`
  const content: ClipContent = {
    startMillis,
    endMillis: startMillis + 3_600_000,
    sizeBytes: id.length,
    durationSeconds: 3600,
    gaps: [],
    sources: [],
  }
  const clip: Clip & { readonly content: ClipContent } = {
    id,
    cameraId,
    name: id,
    state: "ready",
    isExact: false,
    fromMillis: content.startMillis,
    toMillis: content.endMillis,
    filePath,
    content,
    error: null,
    createdAtMillis: content.endMillis,
  }
  const path = join(scene.directory, filePath)
  const sidecarText = JSON.stringify(sidecarOf(clip, content, { cameraIdentity: id, installation: id }))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, id)
  writeFileSync(sidecarPathOf(path), sidecarText)
  await scene.run(Effect.flatMap(Clips, (clips) => clips.restore(clip)).pipe(Effect.provide(Clips.layer)))
  return { id, filePath, sidecarText }
}

/** Whether all of a clip is as it was made. */
export const isWhole = async (
  scene: CleanupScene,
  { id, filePath, sidecarText }: DiskClip,
): Promise<boolean> => {
  const rows = await scene.sql(
    (sql) => sql`SELECT id FROM clips WHERE id = ${id}::uuid AND state = 'ready' AND file_path = ${filePath}`,
  )
  const path = join(scene.directory, filePath)
  return (
    rows.length === 1 &&
    readFileSync(path, "utf8") === id &&
    readFileSync(sidecarPathOf(path), "utf8") === sidecarText
  )
}
