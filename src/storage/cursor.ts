import type { Recording } from "./Recordings.ts"

/** The position behind a row, in the order (start, id). */
export type CursorPosition = Pick<Recording, "startMillis" | "id">

const pattern = /^(\d{1,15})\.(\d{1,15})$/

/** Opaque to the caller; stays valid while rows are added and removed around it. */
export const encodeCursor = ({ startMillis, id }: CursorPosition): string =>
  Buffer.from(`${startMillis}.${id}`).toString("base64url")

/** The position, or undefined for a text that `encodeCursor` did not make. */
export const decodeCursor = (cursor: string): CursorPosition | undefined => {
  const [, startMillis, id] = pattern.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? []
  if (startMillis === undefined || id === undefined) return undefined
  const position = { startMillis: Number(startMillis), id: Number(id) }
  return encodeCursor(position) === cursor ? position : undefined
}
