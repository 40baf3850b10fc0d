import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { type DestinationStream, type Logger as Pino, pino } from "pino"
import pretty from "pino-pretty"
import type { LogLevel } from "../config/Settings.ts"
import { logOutput } from "./logOutput.ts"
import { redact } from "./redact.ts"

const pinoLevel = {
  All: "trace",
  Trace: "trace",
  Debug: "debug",
  Info: "info",
  Warn: "warn",
  Error: "error",
  Fatal: "fatal",
  None: "silent",
} as const

const inWords = (message: unknown): string =>
  (Array.isArray(message) ? message : [message])
    .map((part) => (typeof part === "string" ? part : JSON.stringify(part)))
    .join(" ")

const lineOfLost = (lines: number): string =>
  JSON.stringify({
    level: "error",

    msg: `${lines} log lines could not be written`,
  })

/** A pino instance: JSON lines in production, readable on a terminal; every text passes `redact`. */
export const makePino = (level: LogLevel, destination?: DestinationStream): Pino => {
  const output =
    destination ??
    (process.stdout.isTTY
      ? pretty({ colorize: true, ignore: "pid,hostname" })
      : logOutput(process.stdout.fd, lineOfLost))
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, output)
}

/**
 * Sends what Effect logs to pino, annotations (such as `camera_id`) as fields.
 *
 * Nothing reaches the output that was not redacted first, also not a cause or an annotation.
 */
export const pinoLogger = (instance: Pino, level: LogLevel): Layer.Layer<never> => {
  const logger = Logger.make<unknown, void>((entry) => {
    const fields: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(entry.fiber.getRef(References.CurrentLogAnnotations))) {
      fields[key] = typeof value === "string" ? redact(value) : value
    }
    if (entry.cause.reasons.length > 0) fields["cause"] = redact(Cause.pretty(entry.cause))
    instance[pinoLevel[entry.logLevel]](fields, redact(inWords(entry.message)))
  })
  const minimum = level === "debug" ? "Debug" : level === "trace" ? "Trace" : "Info"
  return Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, minimum))
}
