import * as Cron from "effect/Cron"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { type Environment, InvalidSetting, text } from "./variable.ts"

/** The zone of `TZ`, by its IANA name; where it is not set, that of this machine. */
const zoneOf = (environment: Environment): DateTime.TimeZone => {
  const name = text(environment, "TZ", new Intl.DateTimeFormat().resolvedOptions().timeZone)
  const zone = DateTime.zoneMakeNamed(name)
  if (Option.isSome(zone)) return zone.value
  throw new InvalidSetting({
    variable: "TZ",
    value: name.slice(0, 80),
    allowed: "the name of a time zone, such as America/Sao_Paulo or UTC",
  })
}

/** Whether there is any such time at all: there is no 31st of February. */
const isPossible = (cron: Cron.Cron): boolean => {
  try {
    Cron.next(cron, new Date(0))
    return true
  } catch {
    return false
  }
}

/** Times of every day, as cron(5) writes them (five fields, in the zone of `TZ`). */
export const schedule = (environment: Environment, variable: string, fallback: string): Cron.Cron => {
  const raw = text(environment, variable, fallback)
  const cron = Cron.parse(raw, zoneOf(environment))
  if (raw.trim().split(/\s+/).length === 5 && Result.isSuccess(cron) && isPossible(cron.success)) {
    return cron.success
  }
  throw new InvalidSetting({
    variable,
    value: raw.slice(0, 80),
    allowed: "five fields (minute, hour, day, month, weekday) such as 0 3 * * *",
  })
}
