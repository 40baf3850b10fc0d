import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

/** The code of this checkout with one constant changed, as a later version of it. */
export interface ChangedCopy {
  /** Its main module. */
  readonly program: string
  readonly remove: () => void
}

const changedFile = "src/recorder/ffmpegArguments.ts"
const constant = "frag_duration=600000"

/** Copies the code into a temporary directory, with fragments of another length. */
export const makeChangedCopy = (fragmentMicros: number): ChangedCopy => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-version-"))
  for (const name of ["src", "machines", "migrations", "package.json"]) {
    cpSync(resolve(name), join(directory, name), { recursive: true })
  }
  symlinkSync(resolve("node_modules"), join(directory, "node_modules"))
  const path = join(directory, changedFile)
  const text = readFileSync(path, "utf8")
  if (!text.includes(constant)) throw new Error(`${changedFile} holds no ${constant}`)
  writeFileSync(path, text.replace(constant, `frag_duration=${fragmentMicros}`))
  return {
    program: join(directory, "src/main.ts"),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
