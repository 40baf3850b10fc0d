import { openFullScene } from "../metrics/fullExposition.ts"
import { median, rounded, type Verdict } from "./verdict.ts"

export interface MetricsCostOptions {
  readonly cameras: number
  /** Of each format, after `warmups` that are not counted. */
  readonly scrapes: number
  readonly warmups: number
  /** Within this time 99 % of the answers come. */
  readonly mostMillis: number
  /** What an answer may cost of CPU, which hardly depends on what else runs. */
  readonly mostCpuMillis: number
}

const formats = { text: "*/*", openmetrics: "application/openmetrics-text" }

const cpuMillis = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** How long `/metrics` takes, through the HTTP app, for cameras of which everything is measured. */
export const measureMetricsCost = async (options: MetricsCostOptions): Promise<ReadonlyArray<Verdict>> => {
  const { cameras, scrapes, warmups, mostMillis, mostCpuMillis } = options
  const scene = await openFullScene(cameras)
  const verdicts: Array<Verdict> = []
  for (const [format, accept] of Object.entries(formats)) {
    for (let scrape = 0; scrape < warmups; scrape++) await scene.scrape(accept)
    const took: Array<number> = []
    const usedBefore = cpuMillis()
    let bytes = 0
    for (let scrape = 0; scrape < scrapes; scrape++) {
      const startedMillis = performance.now()
      bytes = (await scene.scrape(accept)).length
      took.push(performance.now() - startedMillis)
    }
    const perScrape = (cpuMillis() - usedBefore) / scrapes
    const p99 = took.toSorted((a, b) => a - b)[Math.ceil(scrapes * 0.99) - 1] ?? Number.NaN
    verdicts.push({
      name: `metrics_cost.${format}`,
      figures: {
        cameras,
        scrapes,
        bytes,
        median_ms: rounded(median(took), 2),
        p99_ms: rounded(p99, 2),
        cpu_ms: rounded(perScrape, 2),
      },
      target: `99 % of the answers within ${mostMillis} ms, at most ${mostCpuMillis} ms of CPU each`,
      met: p99 < mostMillis && perScrape < mostCpuMillis,
    })
  }
  await scene.close()
  return verdicts
}
