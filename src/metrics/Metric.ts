import type { Observation } from "./Observation.ts"

/** One series of a metric, as of now. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * A metric and how it is read from an observation; names end in their unit, counters in `_total`.
 *
 * What is not measured has no sample: never 0, and never an older value.
 */
export interface Metric {
  readonly name: string
  readonly type: "gauge" | "counter"
  /** One sentence without its full stop. */
  readonly help: string
  readonly labelNames: ReadonlyArray<string>
  readonly samples: (observation: Observation) => ReadonlyArray<Sample>
}

/** A metric of the service as a whole; null is "not measured". */
export const single = (
  type: Metric["type"],
  name: string,
  help: string,
  read: (observation: Observation) => number | null,
): Metric => ({
  name,
  type,
  help,
  labelNames: [],
  samples: (observation) => {
    const value = read(observation)
    return value === null ? [] : [{ labels: {}, value }]
  },
})

/** 1 for yes, 0 for no: what Prometheus has for truth. */
export const truth = (fact: boolean): number => (fact ? 1 : 0)
