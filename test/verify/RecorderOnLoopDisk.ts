import { rmSync } from "node:fs"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { VigiaService } from "../support/VigiaService.ts"
import { type CameraRemains, brokenRows, remainsOf, repairRemains } from "./cutRemains.ts"
import { LoopDisk, withMounted } from "./LoopDisk.ts"
import { recordAll } from "./recordAll.ts"
import type { TrialGround } from "./Trial.ts"

const imageBytes = 384 * 1024 * 1024

const decodeRows = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ file_path: Schema.String, state: Schema.String, file_size: Schema.Finite })),
)

/** What one cut of one disk left. */
export interface Remains {
  readonly cameras: ReadonlyArray<CameraRemains | null>
  readonly rows: number
  readonly closedRows: number
  readonly broken: ReadonlyArray<string>
  readonly repair: ReturnType<typeof repairRemains>
  readonly copies: number
}

/** A service that records into a disk of its own, on a medium that can be copied at any instant. */
export class RecorderOnLoopDisk {
  readonly #disk: LoopDisk
  readonly #base: string
  #service: VigiaService | null = null
  #cameraIds: ReadonlyArray<number> = []

  private constructor(base: string, disk: LoopDisk) {
    this.#base = base
    this.#disk = disk
  }

  /** Makes the disk; throws where this machine does not allow that. */
  static make(base: string): RecorderOnLoopDisk {
    return new RecorderOnLoopDisk(base, LoopDisk.mount(`${base}.img`, join(base, "recordings"), imageBytes))
  }

  /** Resolves when all cameras record. */
  async start(
    urls: ReadonlyArray<string>,
    environment: Readonly<Record<string, string>>,
    ground: TrialGround,
  ): Promise<void> {
    const service = await VigiaService.start({ ...ground, environment, directory: this.#base })
    this.#service = service
    this.#cameraIds = await recordAll(service, urls)
  }

  /** What would be left if the power were cut now; the service goes on. */
  async cut(): Promise<Remains> {
    // Asked before: a row that is answered was committed before the power went.
    const rows = decodeRows(await this.#service?.rows("SELECT file_path, state, file_size FROM recordings"))
    const { imagePath, atMillis, copies } = this.#disk.cut(`${this.#base}.cut`)
    const directory = `${this.#base}-cut`
    try {
      return await withMounted(imagePath, directory, () => ({
        cameras: this.#cameraIds.map((id) => remainsOf(join(directory, `cam_${id}`), atMillis)),
        rows: rows.length,
        closedRows: rows.filter(({ state }) => state === "closed").length,
        broken: brokenRows(rows, directory, this.#disk.directory),
        repair: repairRemains(directory, this.#cameraIds),
        copies,
      }))
    } finally {
      rmSync(imagePath, { force: true })
    }
  }

  /** Ends the service and its runs and removes the disk. */
  async stop(): Promise<void> {
    await this.#service?.end()
    for (const { pid } of this.#service?.runs() ?? []) process.kill(pid, "SIGKILL")
    await this.#disk.unmount()
    await this.#service?.remove()
  }
}
