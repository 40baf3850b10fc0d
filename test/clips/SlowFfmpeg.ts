import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** FFmpeg whose exports read as fast as is said; everything else it does as ever. */
export class SlowFfmpeg {
  readonly #directory = mkdtempSync(join(tmpdir(), "vigia-slow-"))

  constructor() {
    const rate = join(this.#directory, "rate")
    const program = `#!/bin/sh
case "$*" in *"-f concat"*) if [ -e ${rate} ]; then exec ffmpeg -readrate "$(cat ${rate})" "$@"; fi;; esac
exec ffmpeg "$@"
`
    writeFileSync(this.path, program)
    writeFileSync(join(this.#directory, "ffprobe"), '#!/bin/sh\nexec ffprobe "$@"\n')
    for (const name of ["ffmpeg", "ffprobe"]) chmodSync(join(this.#directory, name), 0o755)
  }

  get path(): string {
    return join(this.#directory, "ffmpeg")
  }

  /** From the next export on: seconds of media that are read in a second; null as fast as it can. */
  setRate(rate: number | null): void {
    const path = join(this.#directory, "rate")
    if (rate === null) rmSync(path, { force: true })
    else writeFileSync(path, String(rate))
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true })
  }
}
