import type { Row } from "./rows.ts"

/** What was recorded and what was not, camera by camera, for the end of the demo. */
export const summary = (rows: ReadonlyArray<Row>, recordingDirectory: string): string =>
  [
    "",
    ...rows.map(
      ({ name, recordedSeconds, gapSeconds, gaps, failures }) =>
        `${name}: ${recordedSeconds.toFixed(1)} s recorded, ${gaps} gaps (${gapSeconds.toFixed(1)} s), ${failures} restarts`,
    ),
    `The files are in ${recordingDirectory}; each plays by itself.`,
    "",
  ].join("\n")
