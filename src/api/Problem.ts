import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { ClipRefused } from "../clips/ClipRefused.ts"
import type { ExportFailed } from "../clips/runExport.ts"
import type { CameraNotFound } from "../storage/Cameras.ts"
import type { ClipNameTaken, ClipNotFound } from "../storage/Clips.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import type { OwnerHasCameras, OwnerHasClips, OwnerNotFound } from "../storage/Owners.ts"
import type { RecordingNotFound } from "../storage/RecordingProtection.ts"
import type { InvalidCursor } from "../storage/Recordings.ts"

/** A fault of one field of a request. */
export interface FieldFault {
  readonly field: string
  readonly message: string
}

/** Problem details of an answer (RFC 9457); `errors` names the fields. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: 400 | 404 | 409 | 413 | 415 | 500 | 503
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
  | CameraNotFound
  | OwnerNotFound
  | OwnerHasCameras
  | OwnerHasClips
  | ClipRefused
  | ClipNameTaken
  | ClipNotFound
  | ExportFailed
  | RecordingNotFound
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

/** The one place where errors become status codes. */
export const problemOf = (error: ApiError): Problem => {
  switch (error._tag) {
    case "InvalidRequest":
      return problem(400, "invalid-request", "Invalid request", error.detail, error.errors)
    case "InvalidCursor":
      return problem(400, "invalid-request", "Invalid request", "The query is not valid", [
        { field: "cursor", message: "is not a cursor that a listing returned" },
      ])
    case "CameraNotFound":
      return problem(404, "camera-not-found", "Camera not found", `There is no camera ${error.cameraId}`)
    case "OwnerNotFound":
      return problem(404, "owner-not-found", "Owner not found", `There is no owner ${error.ownerId}`)
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
    case "ClipNameTaken":
      return problem(
        409,
        "clip-name-taken",
        "Name taken",
        `Camera ${error.cameraId} has a clip of this name, or of one that gives the same file`,
        [{ field: "name", message: "is taken by another clip of this camera" }],
      )
    case "ClipNotFound":
      return problem(404, "clip-not-found", "Clip not found", `There is no clip ${error.clipId}`)
    case "ExportFailed":
      return problem(503, "clip-not-removed", "Clip not removed", `The disk refuses: ${error.reason}`)
    case "RecordingNotFound":
      return problem(
        404,
        "recording-not-found",
        "Recording not found",
        `There is no recording ${error.recordingId}`,
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

export const tooLargeProblem = problem(413, "too-large", "Request too large", "A request has at most 64 KiB")

export const startingProblem = problem(503, "starting", "Starting", "The service is starting; try again soon")

/** Says nothing about the cause: it is in the log. */
export const internalProblem = problem(500, "internal", "Internal error", "The service failed; see its log")
