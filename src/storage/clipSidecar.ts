import * as Schema from "effect/Schema"
import type { Clip, ClipContent } from "../domain/Clip.ts"

const Text = Schema.String.check(
  Schema.makeFilter((text: string) => (text.isWellFormed() && !text.includes("\0") ? undefined : "no text")),
)

const Instant = Schema.String.check(
  Schema.makeFilter((text: string) =>
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text))
      ? undefined
      : "expected an instant such as 2026-01-14T15:00:00.000Z",
  ),
)

const Uuid = Schema.String.check(Schema.isPattern(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/))
const Amount = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

/** The sidecar of a clip, as JSON beside its file: what a lost database must not lose. */
export const ClipSidecar = Schema.fromJsonString(
  Schema.Struct({
    clip_id: Uuid,
    camera_id: Schema.Int,
    camera_identity: Schema.String,
    installation: Schema.String,
    name: Text,
    file: Schema.String,
    protected: Schema.Literal(true),
    exact: Schema.Boolean,
    from: Instant,
    to: Instant,
    starts_at: Instant,
    ends_at: Instant,
    duration: Amount,
    file_size: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    gaps: Schema.Array(Schema.Struct({ from: Instant, to: Instant, cause: Text })),
    sources: Schema.Array(
      Schema.Struct({ file_path: Text, from_seconds: Schema.Finite, to_seconds: Schema.Finite }),
    ),
    created_at: Instant,
  }),
)
export type ClipSidecar = typeof ClipSidecar.Type

/** Whose clip it is. */
export interface ClipHome {
  readonly cameraIdentity: string
  readonly installation: string
}

const instant = (millis: number): string => new Date(millis).toISOString()

/** `front-door.mp4` of `cam_1/clips/front-door.mp4`. */
export const clipFileName = (filePath: string): string => filePath.slice(filePath.lastIndexOf("/") + 1)

/** Where the sidecar of a clip is: `cam_1/clips/front-door.json`. */
export const sidecarPathOf = (filePath: string): string => filePath.replace(/\.mp4$/, ".json")

/** What is written beside the file of a clip. */
export const sidecarOf = (clip: Clip, content: ClipContent, home: ClipHome): ClipSidecar => ({
  clip_id: clip.id,
  camera_id: clip.cameraId,
  camera_identity: home.cameraIdentity,
  installation: home.installation,
  name: clip.name,
  file: clipFileName(clip.filePath),
  protected: true,
  exact: clip.isExact,
  from: instant(clip.fromMillis),
  to: instant(clip.toMillis),
  starts_at: instant(content.startMillis),
  ends_at: instant(content.endMillis),
  duration: content.durationSeconds,
  file_size: content.sizeBytes,
  gaps: content.gaps.map(({ fromMillis, toMillis, cause }) => ({
    from: instant(fromMillis),
    to: instant(toMillis),
    cause,
  })),
  sources: content.sources.map(({ filePath, fromSeconds, toSeconds }) => ({
    file_path: filePath,
    from_seconds: fromSeconds,
    to_seconds: toSeconds,
  })),
  created_at: instant(clip.createdAtMillis),
})

/** The clip that a sidecar tells of. */
export const clipOfSidecar = (sidecar: ClipSidecar): Clip & { readonly content: ClipContent } => ({
  id: sidecar.clip_id,
  cameraId: sidecar.camera_id,
  name: sidecar.name,
  state: "ready",
  isExact: sidecar.exact,
  fromMillis: Date.parse(sidecar.from),
  toMillis: Date.parse(sidecar.to),
  filePath: `cam_${sidecar.camera_id}/clips/${sidecar.file}`,
  content: {
    startMillis: Date.parse(sidecar.starts_at),
    endMillis: Date.parse(sidecar.ends_at),
    sizeBytes: sidecar.file_size,
    durationSeconds: sidecar.duration,
    gaps: sidecar.gaps.map(({ from, to, cause }) => ({
      fromMillis: Date.parse(from),
      toMillis: Date.parse(to),
      cause,
    })),
    sources: sidecar.sources.map((source) => ({
      filePath: source.file_path,
      fromSeconds: source.from_seconds,
      toSeconds: source.to_seconds,
    })),
  },
  error: null,
  createdAtMillis: Date.parse(sidecar.created_at),
})
