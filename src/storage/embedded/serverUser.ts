import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { EmbeddedPostgresError, orUseAnother } from "./EmbeddedPostgresError.ts"

/** An account of this machine. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

const candidates = ["postgres", "nobody"]

/**
 * The account that PostgreSQL runs as when Vigia itself is root, since the server refuses uid 0; undefined
 * where Vigia is not root and the server is simply its child.
 *
 * @throws EmbeddedPostgresError when no unprivileged account exists (passwd(5)).
 */
export const serverUser = (): ServerUser | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
  for (const candidate of candidates) {
    const [, , uid, gid] = accounts.find(([name]) => name === candidate) ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new EmbeddedPostgresError({
    message: `PostgreSQL refuses to run as root and this machine has no user ${candidates.join(" or ")}: run Vigia as another user, ${orUseAnother}`,
  })
}

const mayEnter = (directory: string, user: ServerUser): boolean => {
  const { mode, uid, gid } = statSync(directory)
  if (uid === user.uid) return (mode & 0o100) !== 0
  if (gid === user.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

/** Whether the user may enter a directory and all its parents; parts that do not exist yet do not count. */
export const canReach = (directory: string, user: ServerUser | undefined): boolean => {
  if (user === undefined) return true
  const parent = dirname(directory)
  const here = !existsSync(directory) || mayEnter(directory, user)
  return here && (parent === directory || canReach(parent, user))
}
