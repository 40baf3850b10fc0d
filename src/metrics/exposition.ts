import { Registry, type RegistryContentType } from "prom-client"
import { cameraMetrics } from "./cameraMetrics.ts"
import type { Histograms } from "./Histograms.ts"
import type { Metric } from "./Metric.ts"
import { metricText } from "./metricText.ts"
import type { Observation } from "./Observation.ts"
import { processMetrics } from "./processMetrics.ts"
import { serviceMetrics } from "./serviceMetrics.ts"

/** How metrics are written: the text of Prometheus, or OpenMetrics 1.0. */
export const contentTypes = {
  "text/plain": Registry.PROMETHEUS_CONTENT_TYPE,
  "application/openmetrics-text": Registry.OPENMETRICS_CONTENT_TYPE,
} as const satisfies Record<string, RegistryContentType>
export type ExpositionFormat = keyof typeof contentTypes

/** All metrics but the histograms, in the order in which they are told. */
export const metrics: ReadonlyArray<Metric> = [...serviceMetrics, ...cameraMetrics, ...processMetrics]

/**
 * Everything that is measured, as text; what has no sample is simply not in it.
 *
 * Only the histograms are written by the library: for all the rest it would take three times as long.
 */
export const expose = async (
  observation: Observation,
  histograms: Histograms,
  format: ExpositionFormat,
): Promise<string> => {
  const isOpenMetrics = format === "application/openmetrics-text"
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(contentTypes[format])
  for (const histogram of histograms.all) registry.registerMetric(histogram)
  const texts = metrics.flatMap(
    (metric) => metricText(metric, metric.samples(observation), isOpenMetrics) ?? [],
  )
  // The last of them ends the text, as its format wants it.
  return [...texts, await registry.metrics()].join(isOpenMetrics ? "\n" : "\n\n")
}
