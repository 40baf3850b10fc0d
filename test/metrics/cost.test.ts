import { expect, it } from "vitest"
import { measureMetricsCost } from "../verify/metricsCost.ts"

it("/metrics of 50 cameras costs little", async () => {
  const verdicts = await measureMetricsCost({
    cameras: 50,
    scrapes: 100,
    warmups: 30,
    // Other tests run on the same processors; their CPU is not counted.
    mostMillis: 1_000,
    mostCpuMillis: 20,
  })
  process.stdout.write(`${JSON.stringify(verdicts.map(({ name, figures }) => ({ name, ...figures })))}\n`)
  expect(verdicts.map(({ name }) => name)).toEqual(["metrics_cost.text", "metrics_cost.openmetrics"])
  expect(verdicts.filter(({ met }) => !met)).toEqual([])
})
