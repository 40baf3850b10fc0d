import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Context } from "hono"
import { AlertKind } from "../domain/Alert.ts"
import { Transport } from "../domain/Camera.ts"
import { CameraUrl } from "../domain/cameraUrl.ts"
import { QuotaBytes, RetentionDays } from "../domain/limits.ts"
import { Plan } from "../domain/Plan.ts"
import { eventTypes, isEventType } from "./eventAnswer.ts"
import { InvalidRequest, invalidRequest } from "./Problem.ts"

const Id = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2_147_483_647 }))

const Name = Schema.String.check(
  Schema.isPattern(/^\P{C}{1,200}$/u, { expected: "1 to 200 characters without control characters" }),
)

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

/** Whether a change is only to be tried. */
export const DryRunQuery = Schema.Struct({ dry_run: Schema.optionalKey(Schema.Literals(["true", "false"])) })

export const CameraIdBody = Schema.Struct({ camera_id: Id })

const decimal = (name: string, minimum: number, maximum: number) =>
  Schema.String.check(
    Schema.makeFilter((text: string) =>
      /^\d{1,10}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum
        ? undefined
        : `expected ${name} from ${minimum} to ${maximum}`,
    ),
  )

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** `Date.parse` takes 30 February for 2 March, and 24:00 for the next day. */
const isOnClock = (text: string): boolean => {
  const local = `${text.slice(0, 19).toUpperCase()}Z`
  const millis = Date.parse(local)
  return !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(local.slice(0, 19))
}

const Instant = Schema.String.check(
  Schema.makeFilter((text: string) =>
    rfc3339.test(text) && isOnClock(text) && !Number.isNaN(Date.parse(text))
      ? undefined
      : "expected an RFC 3339 time such as 2026-01-14T15:00:00Z",
  ),
)

export const RecordingsQuery = Schema.Struct({
  camera_id: decimal("a camera id", 1, 2_147_483_647),
  from: Schema.optionalKey(Instant),
  to: Schema.optionalKey(Instant),
  cursor: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
  limit: Schema.optionalKey(decimal("a number", 1, 1000)),
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
  camera_id: Schema.optionalKey(decimal("a camera id", 1, 2_147_483_647)),
  last_event_id: Schema.optionalKey(Schema.String),
})

export const ClipsQuery = Schema.Struct({
  camera_id: Schema.optionalKey(decimal("a camera id", 1, 2_147_483_647)),
  cursor: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
  limit: Schema.optionalKey(decimal("a number", 1, 1000)),
})

export const AlertsQuery = Schema.Struct({
  state: Schema.optionalKey(Schema.Literals(["standing", "ended", "all"])),
  camera_id: Schema.optionalKey(decimal("a camera id", 1, 2_147_483_647)),
  kind: Schema.optionalKey(AlertKind),
  from: Schema.optionalKey(Instant),
  to: Schema.optionalKey(Instant),
  cursor: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
  limit: Schema.optionalKey(decimal("a number", 1, 1000)),
})

const Remark = Schema.String.check(
  Schema.isPattern(/^\P{C}{0,1000}$/u, { expected: "at most 1000 characters without control characters" }),
)

export const AcknowledgementBody = Schema.Struct({
  by: Schema.optionalKey(Name),
  note: Schema.optionalKey(Remark),
})

/** Without `camera_id` of all cameras and the service, without `kind` of every kind; from now on unless `from` says. */
export const NewSilenceBody = Schema.Struct({
  camera_id: Schema.optionalKey(Id),
  kind: Schema.optionalKey(AlertKind),
  from: Schema.optionalKey(Instant),
  until: Instant,
  comment: Remark,
})

/** The name is judged where it becomes that of a file. */
export const NewClipBody = Schema.Struct({
  camera_id: Id,
  from: Instant,
  to: Instant,
  name: Schema.String,
  exact: Schema.optionalKey(Schema.Boolean),
})

export const ProtectionBody = Schema.Struct({ protected: Schema.Boolean })

export const CoverageQuery = Schema.Struct({ from: Instant, to: Instant })

export const IdPath = Schema.Struct({ id: decimal("an id", 1, 2_147_483_647) })

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

/** The query of a request, checked. */
export const query = <S extends Schema.ConstraintDecoder<unknown>>(context: Context, schema: S) => {
  const repeated = Object.entries(context.req.queries()).filter(([, values]) => values.length > 1)
  return repeated.length === 0
    ? decode(schema, "query", context.req.query())
    : Effect.fail(
        new InvalidRequest({
          detail: "The query is not valid",
          errors: repeated.map(([field]) => ({ field, message: "is given more than once" })),
        }),
      )
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
