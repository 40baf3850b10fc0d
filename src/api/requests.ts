import * as Schema from "effect/Schema"
import { AlertKind } from "../domain/Alert.ts"
import { Transport } from "../domain/Camera.ts"
import { CameraUrl } from "../domain/cameraUrl.ts"
import { QuotaBytes, RetentionDays } from "../domain/limits.ts"
import { Plan } from "../domain/Plan.ts"
import { eventTypes, isEventType } from "./eventAnswer.ts"
import { BooleanText, CameraIdText, Cursor, Id, InstantText, LimitText, Name, Remark } from "./fields.ts"

export const NewOwnerBody = Schema.Struct({
  name: Name,
  plan: Plan,
  quota_bytes: Schema.optionalKey(QuotaBytes),
})

export const OwnerChangeBody = Schema.Struct({
  name: Schema.optionalKey(Name),
  plan: Schema.optionalKey(Plan),
  quota_bytes: Schema.optionalKey(QuotaBytes),
})

export const NewCameraBody = Schema.Struct({
  owner_id: Id,
  name: Name,
  url: CameraUrl,
  transport: Schema.optionalKey(Transport),
  recording_enabled: Schema.optionalKey(Schema.Boolean),
  retention_days: Schema.optionalKey(RetentionDays),
  quota_bytes: Schema.optionalKey(QuotaBytes),
})

export const CameraChangeBody = Schema.Struct({
  owner_id: Schema.optionalKey(Id),
  name: Schema.optionalKey(Name),
  url: Schema.optionalKey(CameraUrl),
  transport: Schema.optionalKey(Transport),
  recording_enabled: Schema.optionalKey(Schema.Boolean),
  retention_days: Schema.optionalKey(RetentionDays),
  quota_bytes: Schema.optionalKey(QuotaBytes),
})

export const CleanupBody = Schema.Struct({
  dry_run: Schema.optionalKey(Schema.Boolean),
  /** Says that the clock is right; with `dry_run` only tells what that would let go. */
  confirm: Schema.optionalKey(Schema.Boolean),
})

/** What the body may say as well. */
export const CleanupQuery = Schema.Struct({
  dry_run: Schema.optionalKey(BooleanText),
  confirm: Schema.optionalKey(BooleanText),
})

/** Whether a change is only to be tried. */
export const DryRunQuery = Schema.Struct({ dry_run: Schema.optionalKey(BooleanText) })

export const NoQuery = Schema.Struct({})

export const CameraIdBody = Schema.Struct({ camera_id: Id })

export const RecordingsQuery = Schema.Struct({
  camera_id: CameraIdText,
  from: Schema.optionalKey(InstantText),
  to: Schema.optionalKey(InstantText),
  cursor: Schema.optionalKey(Cursor),
  limit: Schema.optionalKey(LimitText),
})

/** Which events are told: all of them where nothing is named. */
export const EventsQuery = Schema.Struct({
  types: Schema.optionalKey(
    Schema.String.check(
      Schema.makeFilter((text: string) =>
        text.split(",").every(isEventType)
          ? undefined
          : `expected types of events, separated by commas, of ${eventTypes.join(", ")}`,
      ),
    ),
  ),
  camera_id: Schema.optionalKey(CameraIdText),
  last_event_id: Schema.optionalKey(Schema.String),
})

export const ClipsQuery = Schema.Struct({
  camera_id: Schema.optionalKey(CameraIdText),
  cursor: Schema.optionalKey(Cursor),
  limit: Schema.optionalKey(LimitText),
})

export const AlertsQuery = Schema.Struct({
  state: Schema.optionalKey(Schema.Literals(["standing", "ended", "all"])),
  camera_id: Schema.optionalKey(CameraIdText),
  kind: Schema.optionalKey(AlertKind),
  from: Schema.optionalKey(InstantText),
  to: Schema.optionalKey(InstantText),
  cursor: Schema.optionalKey(Cursor),
  limit: Schema.optionalKey(LimitText),
})

export const AcknowledgementBody = Schema.Struct({
  by: Schema.optionalKey(Name),
  note: Schema.optionalKey(Remark),
})

/** Without `camera_id` of all cameras and the service, without `kind` of every kind; from now on unless `from` says. */
export const NewSilenceBody = Schema.Struct({
  camera_id: Schema.optionalKey(Id),
  kind: Schema.optionalKey(AlertKind),
  from: Schema.optionalKey(InstantText),
  until: InstantText,
  comment: Remark,
})

/** The name is judged where it becomes that of a file. */
export const NewClipBody = Schema.Struct({
  camera_id: Id,
  from: InstantText,
  to: InstantText,
  name: Schema.String,
  exact: Schema.optionalKey(Schema.Boolean),
})

export const ProtectionBody = Schema.Struct({ protected: Schema.Boolean })

export const CoverageQuery = Schema.Struct({ from: InstantText, to: InstantText })
