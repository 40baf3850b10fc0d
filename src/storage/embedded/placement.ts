import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { sharedHome } from "./binaries.ts"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.ts"
import { canReach, type ServerUser } from "./serverUser.ts"

/** `sun_path` of a unix socket holds 108 bytes with its closing NUL (unix(7)). */
const longestSocketPath = 107

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/**
 * The directory that holds the server's data directory and can be entered by its user.
 *
 * It is the state directory itself (which is made enterable, not readable, for others); where one of its
 * parents is private, a directory under `home`, and `<stateDirectory>/postgres` is a link to it.
 */
export const serverHome = (
  stateDirectory: string,
  user: ServerUser | undefined,
  home: string = sharedHome,
): string => {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o711 })
  const state = realpathSync(resolve(stateDirectory))
  const link = join(state, "postgres")
  if (isLink(link)) {
    if (!existsSync(link)) {
      throw new EmbeddedPostgresError({
        message: `${link} points to a directory that does not exist: restore it, or remove the link to begin with an empty database`,
      })
    }
    return resolve(realpathSync(link), "..")
  }
  if (user === undefined) return state
  if (!canReach(state, user) && canReach(resolve(state, ".."), user)) {
    chmodSync(state, statSync(state).mode | 0o011)
  }
  if (canReach(state, user) || existsSync(link)) return state
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const place = mkdtempSync(join(home, "database-"))
  chmodSync(place, 0o711)
  mkdirSync(join(place, "postgres"), { mode: 0o700 })
  chownSync(join(place, "postgres"), user.uid, user.gid)
  symlinkSync(join(place, "postgres"), link)
  return place
}

const socketName = ".s.PGSQL.5432.lock"

const isShortEnough = (directory: string): boolean =>
  Buffer.byteLength(join(directory, "vigia-XXXXXX", socketName)) <= longestSocketPath

/** A new private directory for the server's socket, with a path short enough for one. */
export const newSocketDirectory = (user: ServerUser | undefined): string => {
  const base = [...(user === undefined ? [] : ["/run"]), tmpdir(), "/tmp"].find(
    (directory) => isShortEnough(directory) && existsSync(directory) && canReach(directory, user),
  )
  if (base === undefined) {
    throw new EmbeddedPostgresError({ message: "There is no directory for a socket: /tmp does not exist" })
  }
  const directory = mkdtempSync(join(base, "vigia-"))
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  return directory
}

/** Removes a directory that `newSocketDirectory` made, and no other. */
export const removeSocketDirectory = (path: string): void => {
  const isOurs = /\/vigia-[A-Za-z0-9]{6}$/.test(path)
  if (isOurs && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    rmSync(path, { recursive: true, force: true })
  }
}
