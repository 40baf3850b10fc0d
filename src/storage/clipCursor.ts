import type { Clip } from "../domain/Clip.ts"

/** The position behind a clip, in the order (asked at, id). */
export type ClipCursorPosition = Pick<Clip, "createdAtMillis" | "id">

const pattern = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Opaque to the caller; stays valid while clips are added and removed around it. */
export const encodeClipCursor = ({ createdAtMillis, id }: ClipCursorPosition): string =>
  Buffer.from(`${createdAtMillis}.${id}`).toString("base64url")

/** The position, or undefined for a text that `encodeClipCursor` did not make. */
export const decodeClipCursor = (cursor: string): ClipCursorPosition | undefined => {
  const [, createdAtMillis, id] = pattern.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? []
  if (createdAtMillis === undefined || id === undefined) return undefined
  const position = { createdAtMillis: Number(createdAtMillis), id }
  return encodeClipCursor(position) === cursor ? position : undefined
}
