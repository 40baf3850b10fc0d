import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Context } from "hono"
import { AlertKind } from "../domain/Alert.ts"
import { Transport } from "../domain/Camera.ts"
import { CameraUrl } from "../domain/cameraUrl.ts"
import { QuotaBytes, RetentionDays } from "../domain/limits.ts"
import { Plan } from "../domain/Plan.ts"
import { eventTypes, isEventType } from "./eventAnswer.ts"
import {
  BooleanText,
  CameraIdText,
  Cursor,
  Id,
  IdText,
  InstantText,
  LimitText,
  Name,
  Remark,
} from "./fields.ts"
import { InvalidRequest, invalidRequest } from "./Problem.ts"

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

export const IdPath = Schema.Struct({ id: IdText })

const strict = { errors: "all", onExcessProperty: "error" } as const

const decode = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, where: string, input: unknown) =>
  Schema.decodeUnknownEffect(
    schema,
    strict,
  )(input).pipe(Effect.mapError((error) => invalidRequest(where, error)))

/** The JSON body of a request, checked; fails with `InvalidRequest` that names the fields. */
export const body = <S extends Schema.ConstraintDecoder<unknown>>(context: Context, schema: S) =>
  Effect.tryPromise({
    try: (): Promise<unknown> => context.req.json(),
    catch: () =>
      new InvalidRequest({
        detail: "The body is not valid",
        errors: [{ field: "body", message: "expected a JSON document" }],
      }),
  }).pipe(Effect.flatMap((input) => decode(schema, "body", input)))

/** The same, where no body at all is an empty document. */
export const optionalBody = <S extends Schema.ConstraintDecoder<unknown>>(context: Context, schema: S) =>
  Effect.promise(() => context.req.text()).pipe(
    Effect.flatMap((text) => (text.trim() === "" ? decode(schema, "body", {}) : body(context, schema))),
  )

export type QuerySchema = Schema.ConstraintDecoder<unknown> & { readonly fields: object }

/** The query of a request, checked: a name that is not known is refused, since nobody would do what it asks for. */
export const query = <S extends QuerySchema>(context: Context, schema: S) => {
  const known = Object.keys(schema.fields)
  const allowed = known.length === 0 ? "no query" : known.join(", ")
  const errors = Object.entries(context.req.queries()).flatMap(([field, values]) => [
    ...(known.includes(field)
      ? []
      : [{ field, message: `is not known here: this request takes ${allowed}` }]),
    ...(values.length > 1 ? [{ field, message: "is given more than once" }] : []),
  ])
  return errors.length === 0
    ? decode(schema, "query", context.req.query())
    : Effect.fail(new InvalidRequest({ detail: "The query is not valid", errors }))
}

/** The `{id}` in the path of a request. */
export const pathId = (context: Context) =>
  decode(IdPath, "path", context.req.param()).pipe(Effect.map(({ id }) => Number(id)))

const UuidPath = Schema.Struct({
  id: Schema.String.check(
    Schema.isPattern(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { expected: "an id that this API gave" }),
  ),
})

/** The `{id}` in the path of a request, where ids are UUIDs. */
export const pathUuid = (context: Context) =>
  decode(UuidPath, "path", context.req.param()).pipe(Effect.map(({ id }) => id))

/** A range of time whose start is before its end. */
export const range = (from: string, to: string) => {
  const span = { fromMillis: Date.parse(from), toMillis: Date.parse(to) }
  return span.fromMillis < span.toMillis
    ? Effect.succeed(span)
    : Effect.fail(
        new InvalidRequest({
          detail: "The query is not valid",
          errors: [{ field: "from", message: "must be before `to`" }],
        }),
      )
}

/** A range that may be open at either end. */
export const openRange = ({ from, to }: { readonly from?: string; readonly to?: string }) =>
  from !== undefined && to !== undefined
    ? range(from, to)
    : Effect.succeed({
        fromMillis: from === undefined ? undefined : Date.parse(from),
        toMillis: to === undefined ? undefined : Date.parse(to),
      })
