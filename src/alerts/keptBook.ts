import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Alert, AlertKind, Notification } from "../domain/Alert.ts"
import { Silence } from "../domain/Silence.ts"
import type { AlertBook } from "./AlertBook.ts"
import type { Instant } from "./stepTrack.ts"

const KeptGroup = Schema.Struct({
  kind: AlertKind,
  sentAtMillis: Schema.NullOr(Schema.Finite),
  named: Schema.Array(Schema.Struct({ cameraId: Schema.NullOr(Schema.Int), atMillis: Schema.Finite })),
})

/** The book as it stands on disk: times of the steady clock, which mean nothing to another life, as wall time. */
const KeptBook = Schema.Struct({
  version: Schema.Literal(1),
  entries: Schema.Array(Schema.Struct({ alert: Alert, isTold: Schema.Boolean })),
  unsaved: Schema.Array(Alert),
  groups: Schema.Array(KeptGroup),
  unsent: Schema.Array(Notification),
  silences: Schema.Array(Silence),
  isLost: Schema.optionalKey(Schema.Boolean),
})
type KeptBook = typeof KeptBook.Type

const KeptBookText = Schema.fromJsonString(KeptBook)

/** A clock that was set back makes nothing wait: what would lie ahead counts as long ago. */
const steadyOf = (wallMillis: number, now: Instant): number =>
  wallMillis <= now.wallMillis ? now.steadyMillis - (now.wallMillis - wallMillis) : -Infinity

const fromKept = (kept: KeptBook, now: Instant): AlertBook => ({
  entries: new Map(kept.entries.map((entry) => [entry.alert.id, entry])),
  unsaved: new Map(kept.unsaved.map((alert) => [alert.id, alert])),
  groups: new Map(
    kept.groups.map(({ kind, sentAtMillis, named }) => [
      kind,
      {
        waiting: new Map<string, number>(),
        sentAtMillis: sentAtMillis === null ? null : steadyOf(sentAtMillis, now),
        namedAtMillis: new Map(named.map(({ cameraId, atMillis }) => [cameraId, steadyOf(atMillis, now)])),
      },
    ]),
  ),
  unsent: kept.unsent,
  silences: kept.silences,
  isLost: kept.isLost ?? false,
})

/** Fails where the text is not one that `keptText` made. */
export const bookFromText = (text: string, now: Instant) =>
  Effect.map(Schema.decodeEffect(KeptBookText)(text), (kept) => fromKept(kept, now))

export const keptText = (book: AlertBook, now: Instant): string => {
  const wallOf = (steadyMillis: number) => Math.max(0, now.wallMillis - (now.steadyMillis - steadyMillis))
  const kept: KeptBook = {
    version: 1,
    entries: [...book.entries.values()],
    unsaved: [...book.unsaved.values()],
    groups: [...book.groups].map(([kind, { sentAtMillis, namedAtMillis }]) => ({
      kind,
      sentAtMillis: sentAtMillis === null ? null : wallOf(sentAtMillis),
      named: [...namedAtMillis].map(([cameraId, atMillis]) => ({ cameraId, atMillis: wallOf(atMillis) })),
    })),
    unsent: book.unsent,
    silences: book.silences,
    isLost: book.isLost,
  }
  return JSON.stringify(kept)
}
