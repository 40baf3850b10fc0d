import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { delimiter, join, resolve } from "node:path"

/** That of the machine, or the one that `npm run setup -- --for-tests` fetched. */
const places = [
  ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "promtool")),
  resolve("test/.cache/promtool"),
]
const excusePath = resolve("test/.cache/promtool-missing")
const program = places.find((place) => existsSync(place))

interface Outcome {
  readonly status: number | null
  /** What it said; `check` and `test` also say what they found good. */
  readonly said: string
}

/** What setup said where promtool cannot be had; null where it said nothing, so that promtool must be there. */
export const promtoolExcuse = existsSync(excusePath) ? readFileSync(excusePath, "utf8").trim() : null

/** Runs promtool; null where neither the machine has it nor Debian's package was fetched. */
export const promtool =
  program === undefined
    ? null
    : (words: ReadonlyArray<string>, input: string = ""): Outcome => {
        const { status, stdout, stderr } = spawnSync(program, words, { input, encoding: "utf8" })
        return { status, said: `${stdout}${stderr}` }
      }
