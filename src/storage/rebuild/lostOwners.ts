import type { CameraFile } from "../cameraFile.ts"
import type { StoredOwner } from "../Owners.ts"
import type { FoundCamera } from "./findCameras.ts"

type WrittenOwner = CameraFile["owner"]

/** An owner whom the database does not know. */
export interface LostOwner {
  readonly kind: "lost"
  /** Null where the id is not known, or is another owner's by now: the next free one is taken. */
  readonly id: number | null
  readonly name: string
  readonly plan: WrittenOwner["plan"]
  /** RFC 3339; null where it is not known. */
  readonly createdAt: string | null
  /** Null without a limit. */
  readonly quotaBytes: number | null
  readonly deletedAt: string | null
}

/** An owner whom the database knows; the row stays as it is. */
export interface KnownOwner {
  readonly kind: "known"
  readonly id: number
}

/** The cameras of one owner. */
export interface OwnedCameras {
  readonly owner: LostOwner | KnownOwner
  readonly cameras: ReadonlyArray<FoundCamera>
}

/** What tells an owner from all others; null in files of earlier versions. */
const identityOf = ({ id, created_at: createdAt }: WrittenOwner): string | null =>
  id === undefined || createdAt === undefined ? null : `${id} ${Date.parse(createdAt)}`

const isNamesake = (
  a: Pick<WrittenOwner, "name" | "plan">,
  b: Pick<WrittenOwner, "name" | "plan">,
): boolean => a.name === b.name && a.plan === b.plan

const isStored = (written: WrittenOwner, stored: StoredOwner): boolean => {
  const identity = identityOf(written)
  return identity === null
    ? isNamesake(written, stored)
    : identity === `${stored.id} ${stored.createdAtMillis}`
}

const isLive = ({ file }: FoundCamera): boolean => (file.deleted_at ?? null) === null

/** Files of one owner together; what an earlier version wrote goes to a namesake of the same plan. */
const groupByOwner = (found: ReadonlyArray<FoundCamera>): ReadonlyArray<ReadonlyArray<FoundCamera>> => {
  const identified = found.map(({ file }) => file.owner).filter((owner) => identityOf(owner) !== null)
  const keyOf = ({ owner }: CameraFile): string =>
    identityOf(owner) ??
    identityOf(identified.find((one) => isNamesake(one, owner)) ?? owner) ??
    JSON.stringify([owner.name, owner.plan])
  return [...Map.groupBy(found, ({ file }) => keyOf(file)).values()]
}

/** Where files of one owner disagree, the one written last is right, of those that tell his identity. */
const latestOf = (cameras: ReadonlyArray<FoundCamera>): WrittenOwner | undefined => {
  const identified = cameras.filter(({ file }) => identityOf(file.owner) !== null)
  const [latest] = (identified.length > 0 ? identified : cameras).toSorted(
    (a, b) => b.writtenAtMillis - a.writtenAtMillis,
  )
  return latest?.file.owner
}

/**
 * Whose the found cameras are: owners of the database, or lost ones with their own id where it is still free.
 *
 * A deleted owner of the database takes back removed cameras only: one that is to be recorded needs an owner who
 * exists.
 */
export const ownersOf = (
  found: ReadonlyArray<FoundCamera>,
  stored: ReadonlyArray<StoredOwner>,
): ReadonlyArray<OwnedCameras> => {
  const taken = new Set(stored.map(({ id }) => id))
  return groupByOwner(found).flatMap((cameras): ReadonlyArray<OwnedCameras> => {
    const written = latestOf(cameras)
    if (written === undefined) return []
    const hasLive = cameras.some(isLive)
    const known = stored.find(
      (owner) => isStored(written, owner) && (!hasLive || owner.deletedAtMillis === null),
    )
    if (known !== undefined) return [{ owner: { kind: "known", id: known.id }, cameras }]
    const id = written.id !== undefined && !taken.has(written.id) ? written.id : null
    if (id !== null) taken.add(id)
    const lost: LostOwner = {
      kind: "lost",
      id,
      name: written.name,
      plan: written.plan,
      createdAt: written.created_at ?? null,
      quotaBytes: written.quota_bytes ?? null,
      deletedAt: hasLive ? null : (written.deleted_at ?? null),
    }
    return [{ owner: lost, cameras }]
  })
}
