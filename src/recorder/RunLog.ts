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

const maximumSizeBytes = 1_048_576
const tailSizeBytes = 16_384

/** A disk that takes no log must not keep a camera from being recorded: then what FFmpeg says is lost. */
const openLog = (path: string, flags: number): number => {
  try {
    return openSync(path, flags, 0o600)
  } catch {
    return openSync("/dev/null", constants.O_RDWR)
  }
}

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

  /** Empties a log that has grown past 1 MiB, so that a flood of warnings fills no disk. */
  keepSmall(): void {
    if (fstatSync(this.descriptor).size > maximumSizeBytes) ftruncateSync(this.descriptor, 0)
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
