import * as fc from "fast-check"
import { Counter, Gauge, Registry, type RegistryContentType } from "prom-client"
import { expect, it } from "vitest"
import { contentTypes } from "../../src/metrics/exposition.ts"
import type { Metric, Sample } from "../../src/metrics/Metric.ts"
import { metricText } from "../../src/metrics/metricText.ts"

const text = fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", "\n", "{", "é", "=") })
const metricOf = (type: Metric["type"], help: string): Metric => ({
  name: type === "counter" ? "vigia_any_total" : "vigia_any_seconds",
  type,
  help,
  labelNames: ["camera_id", "name"],
  samples: () => [],
})
const anyMetric = fc.record({
  type: fc.constantFrom("gauge" as const, "counter" as const),
  help: fc.string({ unit: fc.constantFrom("a", " ", "\\", "\n"), minLength: 1 }),
  samples: fc.uniqueArray(
    fc.record({
      name: text,
      value: fc.oneof(fc.double({ noNaN: true, min: 0 }), fc.nat()),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 5 },
  ),
})

const byLibrary = (metric: Metric, samples: ReadonlyArray<Sample>, contentType: RegistryContentType) => {
  const registry = new Registry<RegistryContentType>()
  registry.setContentType(contentType)
  const { name, help } = metric
  const options = { name, help, labelNames: [...metric.labelNames], registers: [registry] }
  if (metric.type === "gauge") {
    const gauge = new Gauge(options)
    for (const { labels, value } of samples) gauge.set(labels, value)
  } else {
    const counter = new Counter(options)
    for (const { labels, value } of samples) counter.inc(labels, value)
  }
  return registry.metrics()
}

it("writes metrics as the library does, in both formats", async () => {
  await fc.assert(
    fc.asyncProperty(anyMetric, async ({ type, help, samples: named }) => {
      const metric = metricOf(type, help)
      const samples = named.map(({ name, value }) => ({ labels: { camera_id: "1", name }, value }))
      expect(`${metricText(metric, samples, false)}\n`).toBe(
        await byLibrary(metric, samples, contentTypes["text/plain"]),
      )
      expect(`${metricText(metric, samples, true)}\n# EOF\n`).toBe(
        await byLibrary(metric, samples, contentTypes["application/openmetrics-text"]),
      )
    }),
    { numRuns: 200, seed: 5 },
  )
})

it("writes values that are no numbers as Prometheus reads them, and nothing without a sample", () => {
  const metric = { ...metricOf("gauge", "Any"), labelNames: [] }
  const values = [Number.NaN, Infinity, -Infinity]
  expect(
    metricText(
      metric,
      values.map((value) => ({ labels: {}, value })),
      false,
    )
      ?.split("\n")
      .slice(2),
  ).toEqual(["vigia_any_seconds NaN", "vigia_any_seconds +Inf", "vigia_any_seconds -Inf"])
  expect(metricText(metric, [], false)).toBeNull()
})
