import { type ChildProcess, spawn } from "node:child_process"
import { Writable } from "node:stream"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { redact } from "../logging/redact.ts"
import { concatLists, exportArguments } from "./exportArguments.ts"
import type { ClipPlan } from "./planReadable.ts"

/** FFmpeg did not write the clip; `reason` is its last words, or what is missing. */
export class ExportFailed extends Schema.TaggedError<ExportFailed>()("ExportFailed", {
  reason: Schema.String,
}) {}

export interface ExportRequest {
  readonly ffmpegPath: string
  readonly recordingsDirectory: string
  readonly plan: ClipPlan
  /** Relative to the recordings directory; must not exist. */
  readonly targetPath: string
  /** From 0 to 1, several times a second. */
  readonly onProgress: (share: number) => void
}

const keptErrorCharacters = 2000
/** Pictures that a clip may lack beside its plan: bounds are rounded to the microsecond. */
const toleratedFrames = 2

/** `frame=1234` among the lines of `-progress`: with `copyts` its times count from the first report. */
const writtenFrames = /^frame=(\d+)$/gm

const lastWords = (text: string): string => {
  const words = redact(text).trim().split("\n").slice(-3).join("; ")
  return words === "" ? "FFmpeg ended without a word" : words
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/**
 * Writes the file of a clip with FFmpeg, which ends when this is interrupted.
 *
 * FFmpeg passes over what it cannot read and still exits with 0: how far it came is held against the plan.
 */
export const runExport = (request: ExportRequest): Effect.Effect<void, ExportFailed> =>
  Effect.callback((resume) => {
    const { plan } = request
    const lists = concatLists(plan)
    const child = spawn(request.ffmpegPath, exportArguments(plan, request.targetPath), {
      cwd: request.recordingsDirectory,
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    })
    let errorText = ""
    let frames = 0
    let cutLine = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errorText = (errorText + text).slice(-keptErrorCharacters)
    })
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = cutLine + text
      cutLine = lines.slice(lines.lastIndexOf("\n") + 1)
      const whole = lines.slice(0, lines.length - cutLine.length)
      for (const [, count] of whole.matchAll(writtenFrames)) frames = Number(count)
      request.onProgress(Math.min(0.99, frames / plan.frames))
    })
    // It may end before it has read all of the list.
    child.stdin.on("error", () => {})
    child.stdin.end(lists.pieces)
    const soundPipe = child.stdio[3]
    if (soundPipe instanceof Writable) {
      soundPipe.on("error", () => {})
      soundPipe.end(lists.sound ?? "")
    }
    child.once("error", (error) => resume(Effect.fail(new ExportFailed({ reason: error.message }))))
    child.once("close", (exitCode) => {
      const isShort = plan.frames - frames > Math.min(toleratedFrames, plan.frames / 2)
      if (exitCode !== 0 || isShort) {
        const read = `only ${frames} of ${plan.frames} pictures could be read; `
        const shortage = exitCode === 0 ? read : ""
        resume(Effect.fail(new ExportFailed({ reason: shortage + lastWords(errorText) })))
      } else resume(Effect.void)
    })
    return Effect.callback<void>((gone) => {
      if (child.pid === undefined || ended(child)) return gone(Effect.void)
      child.once("close", () => gone(Effect.void))
      child.kill("SIGKILL")
    })
  })
