import { execFile } from "node:child_process"
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
} from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"

const maximumSizeBytes = 1_048_576
/** Beyond this unread lines are given up, too. */
const givenUpBytes = 16 * maximumSizeBytes
const blockBytes = 4096
/** What `st_blocks` counts in (stat(2)). */
const statBlockBytes = 512
const tailSizeBytes = 16_384

/** A disk that takes no log must not keep a camera from being recorded: then what FFmpeg says is lost. */
const openLog = (path: string, flags: number): number => {
  try {
    return openSync(path, flags, 0o600)
  } catch {
    return openSync("/dev/null", constants.O_RDWR)
  }
}

/** Where the log of a run is. */
export const runLogPath = (stateDirectory: string, runId: string): string =>
  join(stateDirectory, "runs", `${runId}.log`)

/** Frees the disk of the beginning of a file whose bytes keep their places. Nothing happens where its file system cannot. */
const dropBeginning = (path: string, length: number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    execFile("fallocate", ["--punch-hole", "--length", String(length), path], () => resume(Effect.void))
  })

/**
 * The log of one run: FFmpeg writes it through a descriptor of its own, so it needs no reader to live on.
 *
 * FFmpeg prints the camera's URL with its password there: the file is 0600, whoever shows its text redacts it,
 * and it is removed with the run. Opened with O_APPEND, so that it can be truncated in place.
 */
export class RunLog {
  readonly path: string
  readonly descriptor: number

  private constructor(path: string, flags: number) {
    this.path = path
    this.descriptor = openLog(path, constants.O_RDWR | constants.O_APPEND | flags)
  }

  /** The log of a run that is about to start. */
  static create(path: string): RunLog {
    return new RunLog(path, constants.O_CREAT | constants.O_EXCL)
  }

  /** The log of a run that lives already; an empty one where somebody removed it. */
  static adopt(path: string): RunLog {
    return new RunLog(path, constants.O_CREAT)
  }

  /** The last 16 KiB as text, with the secrets that FFmpeg printed. */
  tail(): string {
    const { size } = fstatSync(this.descriptor)
    const length = Math.min(size, tailSizeBytes)
    const buffer = Buffer.alloc(length)
    const read = length === 0 ? 0 : readSync(this.descriptor, buffer, 0, length, size - length)
    return buffer.toString("utf8", 0, read)
  }

  /**
   * Frees the disk of a log that takes more than 1 MiB of it, so that a flood of warnings fills none.
   *
   * Of a log that is read for lost packets only what was read goes (`readBytes`; null where nobody reads): FFmpeg writes
   * on meanwhile, so a log cannot be emptied without losing lines, but its beginning can become a hole. Above 16 MiB what
   * was not read goes, too; the hole, or the place where it read, tells its reader.
   */
  keepSmall(readBytes: number | null): Effect.Effect<void> {
    const { size } = fstatSync(this.descriptor)
    if (this.#usedBytes <= maximumSizeBytes) return Effect.void
    const empty = Effect.sync(() => ftruncateSync(this.descriptor, 0))
    if (readBytes === null) return empty
    const isGivenUp = this.#usedBytes > givenUpBytes
    const droppedBytes = isGivenUp ? size - tailSizeBytes : Math.min(readBytes, size - tailSizeBytes)
    return dropBeginning(this.path, droppedBytes - (droppedBytes % blockBytes)).pipe(
      // A file system without holes.
      Effect.andThen(Effect.suspend(() => (this.#usedBytes > givenUpBytes ? empty : Effect.void))),
    )
  }

  get #usedBytes(): number {
    return fstatSync(this.descriptor).blocks * statBlockBytes
  }

  /** Ends the log with its run. */
  remove(): void {
    closeSync(this.descriptor)
    rmSync(this.path, { force: true })
  }
}

/** Removes the logs of all runs but the living: they may hold passwords. */
export const removeStaleLogs = (stateDirectory: string, livingRunIds: ReadonlySet<string>): void => {
  const folder = join(stateDirectory, "runs")
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".log") && !livingRunIds.has(name.slice(0, -".log".length))) {
      rmSync(join(folder, name), { force: true })
    }
  }
}
