import * as Schema from "effect/Schema"

/** A variable of the environment has a value that Vigia cannot use; the message is one line for the operator. */
export class InvalidSetting extends Schema.TaggedError<InvalidSetting>()("InvalidSetting", {
  variable: Schema.String,
  value: Schema.String,
  allowed: Schema.String,
}) {
  override get message(): string {
    return `${this.variable}=${JSON.stringify(this.value)} is not usable: allowed is ${this.allowed}`
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

const invalid = (variable: string, value: string, allowed: string): never => {
  throw new InvalidSetting({ variable, value: value.slice(0, 80), allowed })
}

/** Text of a variable, or the default where it is not set or empty. */
export const text = (environment: Environment, variable: string, fallback: string): string =>
  environment[variable] === undefined || environment[variable] === "" ? fallback : environment[variable]

/** A whole number within bounds (both included). */
export const whole = (
  environment: Environment,
  variable: string,
  fallback: number,
  bounds: { readonly minimum: number; readonly maximum: number },
): number => {
  const raw = text(environment, variable, String(fallback))
  const value = /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN
  return value >= bounds.minimum && value <= bounds.maximum
    ? value
    : invalid(variable, raw, `a whole number from ${bounds.minimum} to ${bounds.maximum}`)
}

/** One of a fixed set of words. */
export const oneOf = <const Word extends string>(
  environment: Environment,
  variable: string,
  fallback: Word,
  words: ReadonlyArray<Word>,
): Word => {
  const raw = text(environment, variable, fallback)
  return words.find((word) => word === raw) ?? invalid(variable, raw, words.join(", "))
}

/** Text that matches a pattern; `allowed` is the pattern in words. */
export const matching = (
  environment: Environment,
  variable: string,
  fallback: string,
  pattern: RegExp,
  allowed: string,
): string => {
  const raw = text(environment, variable, fallback)
  return pattern.test(raw) ? raw : invalid(variable, raw, allowed)
}

/** Seconds, also with decimals, as milliseconds. */
export const secondsAsMillis = (
  environment: Environment,
  variable: string,
  fallbackSeconds: number,
  bounds: { readonly minimum: number; readonly maximum: number },
): number => {
  const raw = text(environment, variable, String(fallbackSeconds))
  const value = /^\d{1,9}(\.\d{1,3})?$/.test(raw) ? Number(raw) : Number.NaN
  return value >= bounds.minimum && value <= bounds.maximum
    ? Math.round(value * 1000)
    : invalid(variable, raw, `seconds from ${bounds.minimum} to ${bounds.maximum}`)
}

const unitBytes: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** Bytes, plain or with k, M or G (powers of 1024); null where the variable is not set or empty. */
export const bytes = (environment: Environment, variable: string): number | null => {
  const raw = text(environment, variable, "")
  if (raw === "") return null
  const [, digits = "", unit = ""] = /^(\d{1,15})([kMG]?)$/.exec(raw) ?? []
  const value = digits === "" ? Number.NaN : Number(digits) * (unitBytes[unit] ?? Number.NaN)
  return Number.isSafeInteger(value)
    ? value
    : invalid(variable, raw, "a number of bytes, optionally with k, M or G, such as 5G")
}
