import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Context } from "hono"
import { IdText } from "./fields.ts"
import { InvalidRequest, invalidRequest } from "./Problem.ts"

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

const IdPath = Schema.Struct({ id: IdText })

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
