import type { Metric, Sample } from "./Metric.ts"

const special = /[\\\n"]/

const escapedHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")

const escapedLabel = (value: string): string =>
  special.test(value) ? escapedHelp(value).replaceAll('"', '\\"') : value

/** As Prometheus reads floating point. */
const valueText = (value: number): string => {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
}

const labelsText = (labels: Sample["labels"]): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapedLabel(value)}"`)
  return parts.length === 0 ? "" : `{${parts.join(",")}}`
}

/** The lines of a metric, without the last line's end; null where it has no sample. */
export const metricText = (
  { name, type, help }: Metric,
  samples: ReadonlyArray<Sample>,
  isOpenMetrics: boolean,
): string | null => {
  if (samples.length === 0) return null
  // To OpenMetrics `_total` is of the sample, and not of the metric.
  const family = isOpenMetrics && type === "counter" ? name.replace(/_total$/, "") : name
  const lines = [`# HELP ${family} ${escapedHelp(help)}`, `# TYPE ${family} ${type}`]
  for (const { labels, value } of samples) lines.push(`${name}${labelsText(labels)} ${valueText(value)}`)
  return lines.join("\n")
}
