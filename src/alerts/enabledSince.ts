import type { JournalEntry } from "../events/EventRing.ts"

/** When cameras that had been stopped were switched on again, by their id; of others nothing is known. */
export type EnabledSince = ReadonlyMap<number, number>

/** Only an operator's start takes a camera out of `stopped`. */
export const withStarts = (before: EnabledSince, entries: ReadonlyArray<JournalEntry>): EnabledSince =>
  new Map([
    ...before,
    ...entries.flatMap(({ atMillis, event }) =>
      event.type === "camera.state_changed" && event.from === "stopped"
        ? [[event.cameraId, atMillis] as const]
        : [],
    ),
  ])
