import * as Redacted from "effect/Redacted"

/** Stands for a camera URL that could not be opened: no resolver knows a name below `.invalid` (RFC 6761). */
export const lostUrl = Redacted.make("rtsp://address-lost.invalid/")

export const isLostUrl = (url: Redacted.Redacted): boolean => Redacted.value(url) === Redacted.value(lostUrl)
