import * as Schema from "effect/Schema"

/** An integer within bounds, both included; whatever else is given, the fault says `message`. */
export const wholeNumber = (message: string, minimum: number, maximum: number) =>
  Schema.declare(
    (value): value is number =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= minimum && value <= maximum,
    { message },
  )

/** The same, or null. */
export const wholeNumberOrNull = (message: string, minimum: number, maximum: number) => {
  const orNull = `${message}, or null`
  return Schema.NullOr(wholeNumber(orNull, minimum, maximum)).annotate({ message: orNull })
}
