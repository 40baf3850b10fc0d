import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { AlertNotFound, SilenceNotFound, TooManySilences } from "../alerts/Alerts.ts"
import type { ClipDirectoryLinked } from "../clips/clipDirectory.ts"
import type { ClipFileForeign } from "../clips/ClipFileForeign.ts"
import type { ClipNotRemoved } from "../clips/ClipNotRemoved.ts"
import type { ClipRefused } from "../clips/ClipRefused.ts"
import type { ExportsBusy } from "../clips/ExportsBusy.ts"
import type { CameraNotFound } from "../storage/Cameras.ts"
import type { ClipNameTaken, ClipNotFound } from "../storage/Clips.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import type { OwnerHasCameras, OwnerHasClips, OwnerNotFound } from "../storage/Owners.ts"
import type { ProtectionNotWritten, RecordingNotFound } from "../storage/RecordingProtection.ts"
import type { InvalidCursor } from "../storage/Recordings.ts"
import type { FieldNotFound } from "./FieldNotFound.ts"

/** A fault of one field of a request. */
export interface FieldFault {
  readonly field: string
  readonly message: string
}

/** Problem details of an answer (RFC 9457); `errors` names the fields. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: 400 | 404 | 405 | 409 | 413 | 415 | 429 | 500 | 503
  readonly detail: string
  readonly errors?: ReadonlyArray<FieldFault>
}

/** A request that cannot be understood; nothing was changed. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  detail: Schema.String,
  errors: Schema.Array(Schema.Struct({ field: Schema.String, message: Schema.String })),
}) {}

const faultsOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** Turns what a Schema found into faults that name the fields, never the values. */
export const invalidRequest = (where: string, error: Schema.SchemaError): InvalidRequest =>
  new InvalidRequest({
    detail: `The ${where} is not valid`,
    errors: faultsOf(error.issue).issues.map(({ path, message }) => ({
      field: path?.map(String).join(".") || where,
      message: message === "Expected no excess property" ? "is not known here" : message,
    })),
  })

/** The errors that a request may meet. */
export type ApiError =
  | InvalidRequest
  | FieldNotFound
  | AlertNotFound
  | SilenceNotFound
  | TooManySilences
  | CameraNotFound
  | OwnerNotFound
  | OwnerHasCameras
  | OwnerHasClips
  | ClipRefused
  | ExportsBusy
  | ClipNameTaken
  | ClipNotFound
  | ClipFileForeign
  | ClipDirectoryLinked
  | ClipNotRemoved
  | RecordingNotFound
  | ProtectionNotWritten
  | InvalidCursor
  | DatabaseUnavailable

const problem = (
  status: Problem["status"],
  name: string,
  title: string,
  detail: string,
  errors?: ReadonlyArray<FieldFault>,
): Problem => ({
  type: `urn:vigia:problem:${name}`,
  title,
  status,
  detail,
  ...(errors === undefined ? {} : { errors }),
})

type FoundKind = "alert" | "silence" | "camera" | "owner" | "clip" | "recording"

const notFound = (kind: FoundKind, id: number | string, field?: string): Problem => {
  const title = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} not found`
  const detail = `There is no ${kind} ${id}`
  const errors = field === undefined ? undefined : [{ field, message: detail }]
  return problem(404, `${kind}-not-found`, title, detail, errors)
}

/** The one place where errors become status codes. */
export const problemOf = (error: ApiError): Problem => {
  switch (error._tag) {
    case "InvalidRequest":
      return problem(400, "invalid-request", "Invalid request", error.detail, error.errors)
    case "InvalidCursor":
      return problem(400, "invalid-request", "Invalid request", "The query is not valid", [
        { field: "cursor", message: "is not a cursor that a listing returned" },
      ])
    case "AlertNotFound":
      return notFound("alert", error.alertId)
    case "SilenceNotFound":
      return notFound("silence", error.silenceId)
    case "TooManySilences":
      return problem(
        409,
        "too-many-silences",
        "Too many silences",
        `There are ${error.most} silences already: take some back, or make one for all cameras`,
      )
    case "CameraNotFound":
      return notFound("camera", error.cameraId)
    case "OwnerNotFound":
      return notFound("owner", error.ownerId)
    case "FieldNotFound":
      return notFound(error.kind, error.id, error.field)
    case "OwnerHasCameras":
      return problem(
        409,
        "owner-has-cameras",
        "Owner has cameras",
        `Owner ${error.ownerId} still has cameras: ${error.cameraIds.join(", ")}`,
      )
    case "OwnerHasClips":
      return problem(
        409,
        "owner-has-clips",
        "Owner has clips",
        `Owner ${error.ownerId} still has clips: ${error.clips.join(", ")}`,
      )
    case "ClipRefused":
      return problem(400, "invalid-request", "Invalid request", "The clip cannot be made", [
        { field: error.field, message: error.message },
      ])
    case "ExportsBusy":
      return problem(
        429,
        "exports-busy",
        "Too many exports",
        `${error.waiting} clips wait for their export; ask again when some are done`,
      )
    case "ClipNameTaken":
      return problem(
        409,
        "clip-name-taken",
        "Name taken",
        `Camera ${error.cameraId} has a clip of this name, or of one that gives the same file`,
        [{ field: "name", message: "is taken by another clip of this camera" }],
      )
    case "ClipNotFound":
      return notFound("clip", error.clipId)
    case "ClipFileForeign":
      return problem(
        409,
        "clip-file-foreign",
        "File of another clip",
        `${error.filePath} is another clip by its sidecar: it stays, and so does this one`,
      )
    case "ClipDirectoryLinked":
      return problem(409, "clip-directory-linked", "Directory elsewhere", error.message)
    case "ClipNotRemoved":
      return problem(503, "clip-not-removed", "Clip not removed", error.message)
    case "RecordingNotFound":
      return notFound("recording", error.recordingId)
    case "ProtectionNotWritten":
      return problem(
        503,
        "protection-not-written",
        "Protection not written",
        `Recording ${error.recordingId} is protected or not as before: ${error.reason}`,
      )
    case "DatabaseUnavailable":
      return problem(
        503,
        "database-unavailable",
        "Database unavailable",
        "Recording goes on; try again later",
      )
  }
}

export const notFoundProblem = problem(404, "not-found", "Not found", "There is nothing at this address")

export const methodProblem = (methods: ReadonlyArray<string>): Problem =>
  problem(405, "method-not-allowed", "Method not allowed", `This address takes ${methods.join(", ")}`)

export const tooLargeProblem = problem(413, "too-large", "Request too large", "A request has at most 64 KiB")

export const tooManyClientsProblem = problem(
  503,
  "too-many-clients",
  "Too many clients",
  "As many clients as the service takes listen to its events already",
)

export const startingProblem = problem(503, "starting", "Starting", "The service is starting; try again soon")

/** Says nothing about the cause: it is in the log. */
export const internalProblem = problem(500, "internal", "Internal error", "The service failed; see its log")
