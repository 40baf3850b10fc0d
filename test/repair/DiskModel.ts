import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as fc from "fast-check"
import { movieBytes, movieOf, writeMovie } from "./recordedFile.ts"
import type { CatalogGap, CatalogRow, RepairScene } from "./RepairScene.ts"

const firstStart = Date.UTC(2026, 0, 14, 23, 50)
const slotMillis = 240_000
const slotsOfCamera = 3

interface ModelRow {
  readonly state: "closed" | "growing" | "missing"
  readonly seconds: number
  /** What the catalog ever knew to be recorded. */
  readonly knownSeconds: number
}

interface Slot {
  readonly cameraId: number
  readonly filePath: string
  readonly startMillis: number
  /** Whole seconds in the file, null without one. */
  file: number | null
  row: ModelRow | null
}

/** Something that happens to a disk or to a catalog behind the back of the service. */
export type Mishap =
  | { readonly kind: "file"; readonly slot: number; readonly seconds: number; readonly extraBytes: number }
  | { readonly kind: "deleted" | "row_lost" | "all_deleted" | "all_back"; readonly slot: number }
  | { readonly kind: "growing"; readonly slot: number; readonly seconds: number }
  | { readonly kind: "junk"; readonly slot: number; readonly name: string }

const slot = fc.nat({ max: 1000 })
const seconds = fc.constantFrom(0, 2, 4, 6)

/** What is written or cut most often, and never more than what the catalog knows of a file. */
export const mishaps: fc.Arbitrary<ReadonlyArray<Mishap>> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("file" as const),
        slot,
        seconds,
        extraBytes: fc.nat({ max: 90 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          "deleted" as const,
          "deleted" as const,
          "row_lost" as const,
          "all_deleted" as const,
          "all_back" as const,
        ),
        slot,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("growing" as const), slot, seconds }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("junk" as const),
        slot,
        name: fc.constantFrom("x.txt", "12-00-00.idx", "1-00-00.mp4"),
      }),
    },
  ),
  { minLength: 3, maxLength: 14 },
)

/** What disk and catalog ought to hold, kept apart from how a repair works it out. */
export class DiskModel {
  readonly #scene: RepairScene
  readonly #slots: ReadonlyArray<Slot>

  constructor(scene: RepairScene, cameraIds: ReadonlyArray<number>) {
    this.#scene = scene
    this.#slots = cameraIds.flatMap((cameraId) =>
      Array.from({ length: slotsOfCamera }, (_, at) => {
        const startMillis = firstStart + at * slotMillis
        const [day, time = ""] = new Date(startMillis).toISOString().split(/[T.]/)
        const filePath = `cam_${cameraId}/${day}/${time.replaceAll(":", "-")}.mp4`
        return { cameraId, filePath, startMillis, file: null, row: null }
      }),
    )
  }

  async apply(mishap: Mishap): Promise<void> {
    const one = this.#slots[mishap.slot % this.#slots.length]
    if (one === undefined) return
    const path = join(this.#scene.directory, one.filePath)
    const { filePath } = one
    switch (mishap.kind) {
      case "file": {
        const known = one.row !== null && one.row.state !== "growing" ? one.row.knownSeconds : 6
        return this.#write(one, Math.min(mishap.seconds, known), mishap.extraBytes)
      }
      case "deleted":
        return this.#write(one, null)
      case "all_deleted":
        for (const other of this.#ofCamera(one)) this.#write(other, null)
        return
      case "all_back":
        for (const other of this.#ofCamera(one)) {
          if (other.row?.state === "missing") this.#write(other, other.row.seconds)
        }
        return
      case "row_lost":
        if (one.row?.state === "missing") return
        one.row = null
        await this.#scene.sql((sql) => sql`DELETE FROM recordings WHERE file_path = ${filePath}`)
        await this.#scene.sql((sql) => sql`DELETE FROM gaps WHERE identity = ${`missing/${filePath}`}`)
        return
      case "growing": {
        const { row } = one
        if (row === null || row.state !== "closed" || row.seconds < row.knownSeconds) return
        const written = Math.min(mishap.seconds, row.seconds)
        one.row = { state: "growing", seconds: written, knownSeconds: written }
        await this.#scene.sql(
          (sql) => sql`UPDATE recordings SET state = 'growing', file_size = ${movieBytes(written)},
            duration = ${written}, end_time = start_time + ${`${written} seconds`}::interval
            WHERE file_path = ${filePath}`,
        )
        return
      }
      case "junk":
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(join(dirname(path), mishap.name), "x")
    }
  }

  #ofCamera({ cameraId }: Slot): ReadonlyArray<Slot> {
    return this.#slots.filter((one) => one.cameraId === cameraId)
  }

  /** Replaces a file as a whole, or removes it. */
  #write(one: Slot, wholeSeconds: number | null, extraBytes = 0): void {
    const path = join(this.#scene.directory, one.filePath)
    one.file = wholeSeconds
    if (wholeSeconds === null) return rmSync(path, { force: true })
    const cutFragment = movieOf(7).subarray(movieBytes(6)).subarray(0, extraBytes)
    const bytes = Buffer.concat([movieOf(wholeSeconds), cutFragment])
    writeMovie(`${path}.new`, bytes, one.startMillis + wholeSeconds * 1000)
    renameSync(`${path}.new`, path)
  }

  /** What a pass makes of it; answers whether it stops because too much is missing. */
  pass(): boolean {
    const gone: Array<Slot> = []
    for (const one of this.#slots) {
      const { file, row } = one
      if (file === null || file === 0) {
        if (row !== null && row.state !== "missing") gone.push(one)
      } else {
        const known = row === null ? file : Math.max(row.knownSeconds, file)
        one.row = { state: "closed", seconds: file, knownSeconds: known }
      }
    }
    const present = this.#slots.filter(({ row }) => row !== null && row.state !== "missing").length
    if (gone.length * 2 > present) return true
    for (const one of gone) if (one.row !== null) one.row = { ...one.row, state: "missing" }
    return false
  }

  /** The rows there ought to be, in the order of their paths. */
  get rows() {
    return this.#known(({ filePath, cameraId, startMillis }, row) => [
      {
        filePath,
        cameraId,
        state: row.state,
        fileSize: BigInt(movieBytes(row.seconds)),
        startMillis,
        endMillis: startMillis + row.seconds * 1000,
      } satisfies Partial<CatalogRow>,
    ])
  }

  get gaps(): ReadonlyArray<CatalogGap> {
    return this.#known(({ filePath, startMillis }, { state, seconds: recorded, knownSeconds }) => {
      const from = state === "missing" ? 0 : recorded
      return from === knownSeconds && state !== "missing"
        ? []
        : [
            {
              identity: `missing/${filePath}`,
              cause: "file_missing",
              startMillis: startMillis + from * 1000,
              endMillis: startMillis + knownSeconds * 1000,
            },
          ]
    })
  }

  #known<A>(describe: (slot: Slot, row: ModelRow) => ReadonlyArray<A>): ReadonlyArray<A> {
    return this.#slots
      .toSorted((a, b) => (a.filePath < b.filePath ? -1 : 1))
      .flatMap((one) => (one.row === null ? [] : describe(one, one.row)))
  }
}
