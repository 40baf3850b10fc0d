import { readFileSync, readdirSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..")

/**
 * Who may import whom: a folder of `src` imports only folders of a lower rank, or of its own.
 * `machines` is imported as types and logic by `supervision` alone.
 */
const ranks: ReadonlyArray<ReadonlyArray<string>> = [
  ["domain"],
  ["logging", "config", "threads", "events"],
  ["recorder", "storage", "playback"],
  ["repair", "guard", "cleanup", "clips", "delivery"],
  ["supervision"],
  ["health"],
  ["alerts"],
  ["metrics"],
  ["api", "dashboard"],
  ["service.ts"],
  ["main.ts", "demo", "warden.ts", "handover.ts"],
]

/** What the ranks alone do not say. */
const exceptions: ReadonlySet<string> = new Set([
  // The machines name causes by their type.
  "machines -> domain",
  "supervision -> machines",
  // The logger is configured by a level of the settings.
  "logging -> config",
])

interface Import {
  readonly file: string
  readonly from: string
  readonly specifier: string
  readonly typeOnly: boolean
}

const filesUnder = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name))

const importPattern = /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\s+from\s+)?"([^"]+)"/gm

const unitOf = (path: string): string => {
  const [top = "", next = ""] = path.split("/")
  return top === "src" ? next : top
}

const imports: ReadonlyArray<Import> = ["src", "machines", "migrations"].flatMap((folder) =>
  filesUnder(folder).flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(importPattern)].map(
      ([, typeWord, specifier = ""]) => ({
        file,
        from: unitOf(file),
        specifier,
        typeOnly: typeWord !== undefined,
      }),
    ),
  ),
)

const targetOf = (one: Import): string | null =>
  one.specifier.startsWith(".")
    ? unitOf(relative(root, resolve(root, dirname(one.file), one.specifier)))
    : null

const rankOf = (unit: string): number => ranks.findIndex((rank) => rank.includes(unit))

describe("imports", () => {
  it("sees the project's imports", () => {
    expect(imports.length).toBeGreaterThan(100)
  })

  it("point downwards only", () => {
    const upwards = imports.filter((one) => {
      const target = targetOf(one)
      if (target === null || target === one.from) return false
      if (exceptions.has(`${one.from} -> ${target}`)) return false
      return !(rankOf(target) >= 0 && rankOf(one.from) > rankOf(target))
    })
    expect(upwards.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([])
  })

  it("of machines are xstate and types", () => {
    const foreign = imports.filter(
      (one) =>
        one.from === "machines" &&
        !one.typeOnly &&
        !one.specifier.startsWith("./") &&
        one.specifier !== "xstate" &&
        !one.specifier.startsWith("xstate/"),
    )
    expect(foreign).toEqual([])
  })

  it("of xstate stay in machines and supervision", () => {
    const foreign = imports.filter(
      (one) => one.specifier.startsWith("xstate") && !["machines", "supervision"].includes(one.from),
    )
    expect(foreign).toEqual([])
  })

  it("of hono stay in the edges, and of SQL in storage and migrations", () => {
    const foreign = imports.filter(
      (one) =>
        (/^@?hono/.test(one.specifier) && !["api", "dashboard", "main.ts"].includes(one.from)) ||
        (/^effect\/sql|^@effect\/sql/.test(one.specifier) && !["storage", "migrations"].includes(one.from)),
    )
    expect(foreign).toEqual([])
  })

  it("take Effect's modules one by one, since the barrel costs about 60 MB of memory", () => {
    const barrel = ["effect", "@effect/platform-node", "@effect/sql-pg"]
    expect(imports.filter((one) => barrel.includes(one.specifier) && !one.typeOnly)).toEqual([])
  })
})
