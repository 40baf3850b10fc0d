import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { awaitFact } from "../support/awaitFact.ts"

/** What was on the medium at one instant. */
export interface Cut {
  readonly imagePath: string
  readonly atMillis: number
  /** Copies until two in a row were the same. */
  readonly copies: number
}

const run = (program: string, programArguments: ReadonlyArray<string>): void => {
  execFileSync(program, programArguments, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
  })
}

const isSame = (one: string, other: string): boolean => {
  try {
    run("cmp", ["-s", one, other])
    return true
  } catch {
    return false
  }
}

const mostCopies = 60

/** Mounts an image and answers what was found there; the journal of its file system is replayed. */
export const withMounted = async <Found>(
  imagePath: string,
  directory: string,
  look: () => Found | Promise<Found>,
): Promise<Found> => {
  mkdirSync(directory, { recursive: true })
  run("mount", ["-o", "loop,noatime", imagePath, directory])
  try {
    return await look()
  } finally {
    run("umount", [directory])
  }
}

/**
 * An ext4 file system on a loop device whose medium is a file.
 *
 * The file should lie on a file system in memory: its copy is then what a power cut leaves, since the page cache of
 * the file system above is not in it. What a disk's own cache loses, and sectors torn in half, are not played.
 */
export class LoopDisk {
  readonly directory: string
  readonly #imagePath: string

  private constructor(imagePath: string, directory: string) {
    this.#imagePath = imagePath
    this.directory = directory
  }

  /** Makes and mounts it; throws where this machine does not allow that. */
  static mount(imagePath: string, directory: string, sizeBytes: number): LoopDisk {
    mkdirSync(directory, { recursive: true })
    writeFileSync(imagePath, "")
    truncateSync(imagePath, sizeBytes)
    // Nothing is left to be initialised later: an idle file system does not write.
    run("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", imagePath])
    run("mount", ["-o", "loop,noatime", imagePath, directory])
    return new LoopDisk(imagePath, directory)
  }

  /**
   * Copies the medium until two copies in a row are the same: then nothing was written between the reading of a
   * block for the first and for the second, and both are the medium as it was when the second began.
   */
  cut(imagePath: string): Cut {
    const earlier = `${imagePath}.earlier`
    const copy = (to: string) => run("cp", ["--sparse=auto", this.#imagePath, to])
    copy(imagePath)
    try {
      for (let copies = 2; copies <= mostCopies; copies += 1) {
        run("mv", [imagePath, earlier])
        const atMillis = Date.now()
        copy(imagePath)
        if (isSame(earlier, imagePath)) return { imagePath, atMillis, copies }
      }
    } finally {
      rmSync(earlier, { force: true })
    }
    throw new Error(`the medium was never at rest while ${mostCopies} copies were made`)
  }

  /** Resolves when the file system is unmounted; whoever uses it must have ended. */
  async unmount(): Promise<void> {
    await awaitFact("the file system can be unmounted", () => {
      try {
        run("umount", [this.directory])
        return true
      } catch {
        return false
      }
    })
  }
}
