/** The position behind a clip or an alert, in the order (when it was made, id); ids are UUIDs. */
export interface CreatedCursorPosition {
  readonly createdAtMillis: number
  readonly id: string
}

const pattern = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Opaque to the caller; stays valid while others are added and removed around it. */
export const encodeCreatedCursor = ({ createdAtMillis, id }: CreatedCursorPosition): string =>
  Buffer.from(`${createdAtMillis}.${id}`).toString("base64url")

/** The position, or undefined for a text that `encodeCreatedCursor` did not make. */
export const decodeCreatedCursor = (cursor: string): CreatedCursorPosition | undefined => {
  const [, createdAtMillis, id] = pattern.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? []
  if (createdAtMillis === undefined || id === undefined) return undefined
  const position = { createdAtMillis: Number(createdAtMillis), id }
  return encodeCreatedCursor(position) === cursor ? position : undefined
}
