import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import { exportClip } from "../../src/clips/exportClip.ts"
import type { VideoClipName } from "../../src/demo/simulator/clipProfiles.ts"
import type { Clip, ClipContent } from "../../src/domain/Clip.ts"
import type { FragmentRecord } from "../../src/recorder/segments/fragmentRecord.ts"
import { segmentPath } from "../../src/recorder/segments/publishSegment.ts"
import { readSegment } from "../../src/recorder/segments/readSegment.ts"
import type { ClipSourceFile } from "../../src/storage/Clips.ts"
import { segmentOptions } from "../recorder/segments/recordedFiles.ts"
import { writeStampedRun } from "./stampedRun.ts"
import { writeIndex } from "./writeIndex.ts"

/** How the pictures of a recording are made; all have 25 frames a second and a keyframe every 2 s. */
export interface Pictures {
  readonly codec: "libx264" | "libx265"
  readonly size: string
  readonly bFrames: number
  /** Hertz; null without sound. */
  readonly soundRate: number | null
}

export const plainPictures: Pictures = { codec: "libx264", size: "320x180", bFrames: 0, soundRate: null }

const encoder = ({ codec, bFrames }: Pictures): ReadonlyArray<string> =>
  codec === "libx264"
    ? ["-c:v", "libx264", "-bf", `${bFrames}`, "-b_strategy", "0", "-sc_threshold", "0"]
    : ["-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", `bframes=${bFrames}:scenecut=0:log-level=error`]

/** Recordings of camera 1 that lie side by side in wall time, and clips of them; without a service. */
export class SourceScene {
  readonly directory = mkdtempSync(join(tmpdir(), "vigia-sources-"))
  /** Where the first recording begins. */
  readonly startMillis = Date.parse("2026-01-14T15:00:00Z")
  readonly files: Array<ClipSourceFile> = []
  #endMillis = this.startMillis
  #clips = 0

  /** Records so many seconds right after what was recorded before; answers its path. */
  record(seconds: number, pictures: Pictures): string {
    const unfinished = join(this.directory, "unfinished")
    mkdirSync(unfinished)
    const { size, soundRate } = pictures
    const sound = soundRate === null ? [] : ["-f", "lavfi", "-i", `sine=sample_rate=${soundRate}`]
    execFileSync(
      "ffmpeg",
      ["-nostdin", "-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25`].concat(
        sound,
        ["-t", `${seconds}`, "-pix_fmt", "yuv420p", ...encoder(pictures), "-preset", "ultrafast"],
        ["-g", "50", "-keyint_min", "50", "-c:a", "aac", "-ac", "1", "-max_interleave_delta", "200000"],
        segmentOptions(3600),
        [join(unfinished, "%d.mp4")],
      ),
    )
    const filePath = segmentPath(1, this.#endMillis)
    this.#endMillis += seconds * 1000
    const path = join(this.directory, filePath)
    mkdirSync(dirname(path), { recursive: true })
    execFileSync("mv", [join(unfinished, "0.mp4"), path])
    // Of a file that nobody watched this is its end.
    utimesSync(path, this.#endMillis / 1000, this.#endMillis / 1000)
    rmSync(unfinished, { recursive: true })
    const startMillis = this.#endMillis - seconds * 1000
    this.files.push({ filePath, runId: "", segmentNumber: 0, isGrowing: false, startMillis })
    return filePath
  }

  /** Records files of one run whose pictures are stamped, right after what was recorded before, with their indexes. */
  async recordStamped(clip: VideoClipName, segmentSeconds: number, files: number): Promise<void> {
    const startMillis = this.#endMillis
    const run = { recordingDirectory: this.directory, cameraId: 1, clip, startMillis, segmentSeconds, files }
    this.files.push(...(await writeStampedRun(run)))
    this.#endMillis += files * segmentSeconds * 1000
  }

  /** Leaves the index beside a recording that its watcher wrote; answers what it says. */
  index(filePath: string): ReadonlyArray<FragmentRecord> {
    const file = this.files.find((one) => one.filePath === filePath)
    writeIndex(this.directory, { cameraId: 1, number: 0, filePath, startMillis: file?.startMillis ?? 0 })
    return readSegment(this.directory, 1, filePath)?.fragments ?? []
  }

  /** Writes over bytes of a recording, and leaves its time as it was. */
  overwrite(filePath: string, offset: number, bytes: Uint8Array): void {
    const path = join(this.directory, filePath)
    const { atime, mtime } = statSync(path)
    const descriptor = openSync(path, "r+")
    writeSync(descriptor, bytes, 0, bytes.length, offset)
    closeSync(descriptor)
    utimesSync(path, atime, mtime)
  }

  /** Exports a range, in seconds after the beginning; rejects with the failure of the export. */
  async export(
    fromSeconds: number,
    toSeconds: number,
    isExact: boolean,
    ffmpegPath = "ffmpeg",
  ): Promise<{ readonly path: string; readonly content: ClipContent }> {
    this.#clips += 1
    const clip: Clip = {
      id: randomUUID(),
      cameraId: 1,
      name: `clip ${this.#clips}`,
      state: "exporting",
      isExact,
      fromMillis: this.startMillis + fromSeconds * 1000,
      toMillis: this.startMillis + toSeconds * 1000,
      filePath: `cam_1/clips/clip-${this.#clips}.mp4`,
      content: null,
      error: null,
      createdAtMillis: this.startMillis,
    }
    const { content } = await Effect.runPromise(
      exportClip({
        clip,
        coverage: Effect.succeed({
          spans: [{ kind: "recorded", fromMillis: this.startMillis, toMillis: this.#endMillis }],
        }),
        files: this.files,
        home: { cameraIdentity: randomUUID(), installation: randomUUID() },
        ffmpegPath,
        recordingsDirectory: this.directory,
        roomBytes: Effect.succeed(2 ** 40),
        onProgress: () => {},
      }),
    )
    return { path: join(this.directory, clip.filePath), content }
  }

  clipNames(): ReadonlyArray<string> {
    return readdirSync(join(this.directory, "cam_1/clips")).toSorted()
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }
}
