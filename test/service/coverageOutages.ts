import type { CoverageAnswer } from "./apiAnswers.ts"

/** Vigia itself ended the run, or none was wanted yet: such a gap begins no outage. */
const noFailures = new Set(["starting", "reconfigured", "service_down", "disk_full", "no_frames"])

/** How long each outage took, by what the coverage says: gaps that touch, from the first by a failure to a recording. */
export const coverageOutages = ({ spans }: CoverageAnswer): ReadonlyArray<number> => {
  const seconds: Array<number> = []
  let failedSince: string | null = null
  for (const { kind, from, cause } of spans) {
    if (kind === "gap") {
      if (!noFailures.has(cause ?? "")) failedSince ??= from
      continue
    }
    if (kind === "recorded" && failedSince !== null) {
      seconds.push((Date.parse(from) - Date.parse(failedSince)) / 1000)
    }
    failedSince = null
  }
  return seconds
}
