import { statSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { join } from "node:path"
import { ClipFixture, type ClipAnswer } from "../clips/ClipFixture.ts"
import { faultOfClip } from "../clips/clipStamps.ts"
import { packetHashes, placeWithin } from "../clips/packetHashes.ts"
import { frameMillis, writeStampedRun } from "../clips/stampedRun.ts"
import { awaitFact } from "../support/awaitFact.ts"
import type { TrialGround } from "./Trial.ts"
import { greatest, median, rounded, type Verdict } from "./verdict.ts"

export interface ClipsMeasure extends TrialGround {
  readonly segmentSeconds: number
  readonly clipSeconds: number
  readonly rounds: number
}

/** Of the looped clip, 1080p with 25 frames a second, with room for what stands beside the files. */
const bytesPerSecond = 600_000
/** From the beginning of a clip to that of the next. */
const stepMillis = 170
/** Of the looped clip: two seconds between two keyframes. */
const groupMillis = 2000

/** A clip across two long files: how long it takes, and whether its packets are those of the files. */
export const measureClips = async (options: ClipsMeasure): Promise<ReadonlyArray<Verdict>> => {
  const { segmentSeconds, clipSeconds, rounds } = options
  const fixture = await ClipFixture.start(segmentSeconds, {}, options.databaseServer)
  const { service } = fixture
  try {
    const { bavail, bsize } = await statfs(service.directory)
    if (bavail * bsize < 3 * segmentSeconds * bytesPerSecond)
      throw new Error("there is no room for the files")
    const cameraId = await fixture.camera()
    await fixture.stopCamera(cameraId)
    await service.end("SIGTERM")
    const endMillis = Math.floor(Date.now() / 1000) * 1000 - 60_000
    const middleMillis = endMillis - segmentSeconds * 1000
    await writeStampedRun({
      recordingDirectory: service.recordingDirectory,
      cameraId,
      clip: "h264-1080p",
      startMillis: endMillis - 2 * segmentSeconds * 1000,
      segmentSeconds,
      files: 2,
    })
    await service.start()
    const files = await awaitFact("the files are listed", async () => {
      const found = await fixture.recordings(cameraId)
      const long = found.filter(({ file_size }) => file_size > (segmentSeconds * bytesPerSecond) / 2)
      return long.length === 2 ? long : null
    })
    const firstMillis = middleMillis - (clipSeconds / 2) * 1000 + frameMillis / 2
    const millis: Array<number> = []
    const clips: Array<ClipAnswer> = []
    for (let round = 0; round < rounds; round += 1) {
      const from = firstMillis + round * stepMillis
      const startedAt = performance.now()
      const asked = { camera_id: cameraId, from, to: from + clipSeconds * 1000, name: `round ${round}` }
      clips.push(await fixture.export(asked))
      millis.push(performance.now() - startedAt)
    }
    const source = files.flatMap(({ file_path }) =>
      packetHashes(join(service.recordingDirectory, file_path), "v"),
    )
    const runStartMillis = endMillis - 2 * segmentSeconds * 1000
    const differing = clips.filter((clip) => {
      const place = Math.round((Date.parse(clip.starts_at ?? "") - runStartMillis) / frameMillis)
      // No two packets are alike: each picture is stamped.
      return clip.state !== "ready" || placeWithin(packetHashes(fixture.path(clip), "v"), source) !== place
    }).length
    const misplaced = clips.filter((clip, round) => {
      const fromMillis = firstMillis + round * stepMillis
      const placed = {
        path: fixture.path(clip),
        fromMillis,
        toMillis: fromMillis + clipSeconds * 1000,
        startMillis: Date.parse(clip.starts_at ?? ""),
        endMillis: Date.parse(clip.ends_at ?? ""),
        durationSeconds: clip.duration ?? 0,
        groupMillis,
      }
      return clip.state !== "ready" || faultOfClip(placed, frameMillis) !== null
    }).length
    return [
      {
        name: "clips.export",
        figures: {
          file_bytes: statSync(join(service.recordingDirectory, files[0]?.file_path ?? "")).size,
          clip_seconds: clipSeconds,
          clips: clips.length,
          slowest_ms: rounded(greatest(millis), 0),
          median_ms: rounded(median(millis), 0),
          clips_with_other_packets: differing,
          clips_of_another_time: misplaced,
        },
        target: "across two long files in under 1 s, with the packets of its own time, within one frame",
        met: greatest(millis) < 1000 && differing === 0 && misplaced === 0,
      },
    ]
  } finally {
    await fixture.stop()
  }
}
