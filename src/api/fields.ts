import * as Schema from "effect/Schema"
import { wholeNumber } from "../domain/wholeNumber.ts"

const largestId = 2_147_483_647

export const Id = wholeNumber(`expected a whole number from 1 to ${largestId}`, 1, largestId)

export const Name = Schema.String.check(
  Schema.isPattern(/^\P{C}{1,200}$/u, { expected: "1 to 200 characters without control characters" }),
)

export const Remark = Schema.String.check(
  Schema.isPattern(/^\P{C}{0,1000}$/u, { expected: "at most 1000 characters without control characters" }),
)

const decimal = (name: string, minimum: number, maximum: number) =>
  Schema.String.check(
    Schema.makeFilter((text: string) =>
      /^\d{1,10}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum
        ? undefined
        : `expected ${name} from ${minimum} to ${maximum}`,
    ),
  )

/** In a path, digits. */
export const IdText = decimal("an id", 1, largestId)

/** In a query, digits. */
export const CameraIdText = decimal("a camera id", 1, largestId)

/** How many a page of a listing holds, in digits. */
export const LimitText = decimal("a number", 1, 1000)

/** Behind which a page of a listing begins. */
export const Cursor = Schema.String.check(Schema.isMaxLength(200))

/** In a query: whether something is so. */
export const BooleanText = Schema.Literals(["true", "false"])

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** `Date.parse` takes 30 February for 2 March, and 24:00 for the next day. */
const isOnClock = (text: string): boolean => {
  const local = `${text.slice(0, 19).toUpperCase()}Z`
  const millis = Date.parse(local)
  return !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(local.slice(0, 19))
}

/** A time as RFC 3339 writes it. */
export const InstantText = Schema.String.check(
  Schema.makeFilter((text: string) =>
    rfc3339.test(text) && isOnClock(text) && !Number.isNaN(Date.parse(text))
      ? undefined
      : "expected an RFC 3339 time such as 2026-01-14T15:00:00Z",
  ),
)
