import { Counter, Gauge, Registry, type RegistryContentType } from "prom-client"
import { cameraMetrics } from "./cameraMetrics.ts"
import type { Histograms } from "./Histograms.ts"
import type { Metric } from "./Metric.ts"
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

const register = (
  registry: Registry<RegistryContentType>,
  metric: Metric,
  observation: Observation,
): void => {
  const samples = metric.samples(observation)
  // The library gives a metric without labels the value 0 before it is set.
  if (samples.length === 0) return
  const { name, help } = metric
  const options = { name, help, labelNames: [...metric.labelNames], registers: [registry] }
  if (metric.type === "gauge") {
    const gauge = new Gauge(options)
    for (const { labels, value } of samples) gauge.set(labels, value)
  } else {
    const counter = new Counter(options)
    for (const { labels, value } of samples) counter.inc(labels, value)
  }
}

/**
 * Everything that is measured, as text.
 *
 * Each scrape has a registry of its own: what is gone or not measured any more is then simply not in it, and the
 * library, which renames counters for good when it writes OpenMetrics, never renames those of another scrape.
 */
export const expose = (
  observation: Observation,
  histograms: Histograms,
  format: ExpositionFormat,
): Promise<string> => {
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(contentTypes[format])
  for (const metric of metrics) register(registry, metric, observation)
  for (const histogram of histograms.all) registry.registerMetric(histogram)
  return registry.metrics()
}
