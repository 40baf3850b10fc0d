import { randomUUID } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as SqlClient from "effect/sql/SqlClient"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Clip, ClipContent } from "../../../src/domain/Clip.ts"
import type { StoredCamera } from "../../../src/storage/Cameras.ts"
import { Clips } from "../../../src/storage/Clips.ts"
import { sidecarOf, sidecarPathOf } from "../../../src/storage/clipSidecar.ts"
import { clipRebuild } from "../../../src/storage/rebuild/clipRebuild.ts"
import { RecordingsDirectory } from "../../../src/storage/RecordingsDirectory.ts"
import { addCamera, addOwner, rememberAll, RebuildScene } from "./RebuildScene.ts"

const noon = Date.parse("2026-01-14T12:00:00Z")
const content: ClipContent = {
  startMillis: noon,
  endMillis: noon + 1000,
  sizeBytes: 4,
  durationSeconds: 1,
  gaps: [],
  sources: [],
}

const clipCalled = (name: string): Clip & { readonly content: ClipContent } => ({
  id: randomUUID(),
  cameraId: 1,
  name,
  state: "ready",
  isExact: false,
  fromMillis: noon,
  toMillis: noon + 1000,
  filePath: `cam_1/clips/${name}.mp4`,
  content,
  error: null,
  createdAtMillis: noon,
})

let scene: RebuildScene

beforeEach(async () => {
  scene = await RebuildScene.make()
  lines.length = 0
})
afterEach(() => scene.remove())

/** Puts a clip on the disk, as an export does. */
const write = Effect.fnUntraced(function* (clip: ReturnType<typeof clipCalled>, camera: StoredCamera) {
  const { installation } = yield* RecordingsDirectory
  const path = scene.path(clip.filePath)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, "clip")
  const sidecar = sidecarOf(clip, content, { cameraIdentity: camera.identity, installation })
  writeFileSync(sidecarPathOf(path), JSON.stringify(sidecar))
})

const idsOf = (state: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ id: string }>`SELECT id FROM clips WHERE state = ${state}`,
  ).pipe(Effect.map((rows) => rows.map(({ id }) => id)))

/** Lines of the latest rebuild. */
const lines: Array<string> = []
const logged = Logger.layer([Logger.make(({ message }) => lines.push(String(message)))])

const rebuilt = Effect.scoped(
  Effect.gen(function* () {
    yield* Effect.provide(Effect.void, Layer.provide(clipRebuild, logged))
    return {
      ready: yield* idsOf("ready"),
      failed: yield* idsOf("failed"),
      deleting: yield* idsOf("deleting"),
    }
  }),
)

describe("clips on disk under the name of a clip that an earlier life did not end", () => {
  it.each(["exporting", "deleting"] as const)("are listed: one that was %s", async (state) => {
    const [before, found] = [clipCalled("door"), clipCalled("door")]
    const ids = await scene.life(
      Effect.gen(function* () {
        const camera = yield* addCamera((yield* addOwner("Ana", "pro")).id, "Porch")
        const clips = yield* Clips
        yield* clips.create({ ...before, state: "exporting", content: null })
        if (state === "deleting") yield* clips.markDeleting(before.id)
        yield* write(found, camera)
        return yield* rebuilt
      }).pipe(Effect.provide(Clips.layer)),
    )
    expect(ids).toEqual({
      ready: [found.id],
      failed: state === "exporting" ? [before.id] : [],
      deleting: [],
    })
  })
})

describe("clips of a lost database", () => {
  it("are listed also where the marker was made anew since; one of another camera is left alone", async () => {
    const [own, foreign] = [clipCalled("door"), clipCalled("alley")]
    await scene.life(
      Effect.gen(function* () {
        const camera = yield* addCamera((yield* addOwner("Ana", "pro")).id, "Porch")
        yield* write(own, camera)
        yield* write(foreign, { ...camera, identity: randomUUID() })
      }),
    )
    // What the message about a missing marker tells people to do.
    writeFileSync(scene.path(".vigia"), "")
    await scene.life(rememberAll)
    await scene.loseDatabase()
    const { ready } = await scene.life(rebuilt.pipe(Effect.provide(Clips.layer)))
    expect(ready).toEqual([own.id])
    expect(lines).toEqual(
      expect.arrayContaining([expect.stringMatching(/alley\.json is left alone: .* another camera/)]),
    )
  })
})

describe("a clip whose row the database refuses", () => {
  it("is told and left alone, and keeps back no other", async () => {
    const [refused, other] = [clipCalled("alley"), clipCalled("door")]
    const ids = await scene.life(
      Effect.gen(function* () {
        const camera = yield* addCamera((yield* addOwner("Ana", "pro")).id, "Porch")
        const sql = yield* SqlClient.SqlClient
        yield* sql.unsafe(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.id = '${refused.id}' THEN RAISE unique_violation; END IF; RETURN NEW; END $$`)
        yield* sql`CREATE TRIGGER refuse BEFORE INSERT ON clips FOR EACH ROW EXECUTE FUNCTION refuse()`
        yield* write(refused, camera)
        yield* write(other, camera)
        return yield* rebuilt
      }).pipe(Effect.provide(Clips.layer)),
    )
    expect(ids.ready).toEqual([other.id])
    expect(lines.filter((line) => line.includes("alley.mp4 is left alone"))).toHaveLength(1)
  })
})
