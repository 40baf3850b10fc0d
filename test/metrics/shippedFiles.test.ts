import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { beforeAll, describe, expect, it } from "vitest"
import { parse } from "yaml"
import { metrics } from "../../src/metrics/exposition.ts"
import { openFullScene, type ToldMetric, toldMetrics } from "./fullExposition.ts"
import { promtool, promtoolExcuse } from "./promtool.ts"

const rulesPath = "src/metrics/prometheus/rules.yml"
const rulesTestPath = "src/metrics/prometheus/rules.test.yml"
const dashboardPath = "src/metrics/grafana/dashboard.json"

const Rules = Schema.Struct({
  groups: Schema.Array(
    Schema.Struct({ rules: Schema.Array(Schema.Struct({ alert: Schema.String, expr: Schema.String })) }),
  ),
})

/** Only what the tests ask of a dashboard. */
const Dashboard = Schema.fromJsonString(
  Schema.Struct({
    panels: Schema.Array(
      Schema.Struct({
        title: Schema.String,
        targets: Schema.optionalKey(Schema.Array(Schema.Struct({ expr: Schema.String }))),
      }),
    ),
    templating: Schema.Struct({
      list: Schema.Array(
        Schema.Struct({ name: Schema.String, definition: Schema.optionalKey(Schema.String) }),
      ),
    }),
  }),
)

/** Every name with one of the prefixes of ours, as it stands in an expression. */
const namesIn = (expression: string): ReadonlyArray<string> =>
  expression.match(/\b(?:vigia|process|nodejs)_\w+/g) ?? []

const matchersIn = (expression: string): ReadonlyArray<readonly [string, string]> =>
  [...expression.matchAll(/(\w+)\{([^}]*)\}/g)].flatMap(([, name = "", inner = ""]) =>
    [...inner.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = ""]) => [name, label] as const),
  )

/** What Prometheus itself adds. */
const targetLabels = ["instance", "job", "le"]

describe("what is shipped", () => {
  let told: ReadonlyArray<ToldMetric>

  beforeAll(async () => {
    const scene = await openFullScene(2)
    told = toldMetrics(await scene.scrape())
    await scene.close()
  })

  const metricOf = (name: string): ToldMetric | undefined =>
    told.find(
      (metric) =>
        metric.name === name ||
        (metric.type === "histogram" && metric.name === name.replace(/_(bucket|sum|count)$/, "")),
    )

  const faultsOf = (expressions: ReadonlyArray<string>): ReadonlyArray<string> => [
    ...expressions.flatMap(namesIn).filter((name) => metricOf(name) === undefined),
    ...expressions
      .flatMap(matchersIn)
      .filter(([name, label]) => ![...targetLabels, ...(metricOf(name)?.labels ?? [])].includes(label))
      .map(([name, label]) => `${name}{${label}}`),
  ]

  const rules = () =>
    Schema.decodeUnknownSync(Rules)(parse(readFileSync(rulesPath, "utf8"))).groups.flatMap(
      (group) => group.rules,
    )
  const dashboard = () => Schema.decodeSync(Dashboard)(readFileSync(dashboardPath, "utf8"))

  it("is seen whole: every metric is told when everything is measured", () => {
    const names = told.filter(({ type }) => type !== "histogram").map(({ name }) => name)
    expect(names).toEqual(metrics.map(({ name }) => name))
    for (const { name, labelNames } of metrics) {
      expect([name, metricOf(name)?.labels]).toEqual([name, labelNames.toSorted()])
    }
  })

  it("asks in its rules for metrics and labels that there are", () => {
    const expressions = rules().map(({ expr }) => expr)
    expect(expressions.length).toBeGreaterThan(10)
    expect(expressions.filter((expression) => namesIn(expression).length === 0)).toEqual([])
    expect(faultsOf(expressions)).toEqual([])
  })

  it("would notice a metric or a label that there is not", () => {
    expect(faultsOf(['rate(vigia_nothing_total[5m]) + vigia_camera_up{camera="1", camera_id="1"}'])).toEqual([
      "vigia_nothing_total",
      "vigia_camera_up{camera}",
    ])
  })

  it("asks in its dashboard for metrics and labels that there are, also for one camera", () => {
    const { panels, templating } = dashboard()
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    expect(expressions.length).toBeGreaterThan(20)
    expect(expressions.filter((expression) => namesIn(expression).length === 0)).toEqual([])
    expect(faultsOf(expressions)).toEqual([])
    const variables = new Map(templating.list.map(({ name, definition }) => [name, definition]))
    expect(variables.get("camera_id")).toContain("vigia_camera_info")
    const used = new Set(expressions.flatMap((expression) => expression.match(/\$\w+/g) ?? []))
    const builtIn = ["$__rate_interval", "$__range"]
    expect([...used].filter((name) => !builtIn.includes(name) && !variables.has(name.slice(1)))).toEqual([])
    expect(used).toContain("$camera_id")
  })

  it("tests each of its rules, raised and not raised", () => {
    const text = readFileSync(rulesTestPath, "utf8")
    for (const { alert } of rules()) {
      const checks = text.split("- eval_time:").filter((check) => check.includes(`alertname: ${alert}\n`))
      expect([alert, checks.some((check) => check.includes("exp_alerts: []"))]).toEqual([alert, true])
      expect([alert, checks.some((check) => check.includes("exp_labels:"))]).toEqual([alert, true])
    }
  })

  it("is what the README says: each metric with its type, labels and meaning", () => {
    const rows = [
      ...readFileSync("README.md", "utf8").matchAll(
        /^\| `((?:vigia|process|nodejs)_\w+)` \| (\w+) \| (.*?)\| (.*?) \|$/gm,
      ),
    ]
    const documented = rows.map(([, name = "", type = "", labels = "", help = ""]) => ({
      name,
      type,
      help,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label).toSorted(),
    }))
    expect(documented).toEqual(told)
  })
})

it("is judged by promtool, unless setup said that it cannot be had", () => {
  if (promtool === null) process.stdout.write(`not judged by promtool: ${promtoolExcuse}\n`)
  expect(promtool === null && promtoolExcuse === null, "npm run setup -- --for-tests").toBe(false)
})

// Without promtool there is nothing that could judge.
describe.skipIf(promtool === null)("promtool", () => {
  it("accepts /metrics of 50 cameras of which everything is measured", async () => {
    const scene = await openFullScene(50)
    const text = await scene.scrape()
    const openMetrics = await scene.scrape("application/openmetrics-text")
    await scene.close()
    expect(promtool?.(["check", "metrics"], text)).toEqual({ status: 0, said: "" })

    // Of OpenMetrics it has no check, but it imports it, where each sample has a time.
    const folder = mkdtempSync(join(tmpdir(), "vigia-openmetrics-"))
    const file = join(folder, "metrics.txt")
    writeFileSync(file, openMetrics.replace(/^[a-z].*$/gm, "$& 1767225600"))
    const imported = promtool?.(["tsdb", "create-blocks-from", "openmetrics", file, join(folder, "blocks")])
    rmSync(folder, { recursive: true })
    expect(imported).toMatchObject({ status: 0 })
    const series = (exposition: string) => exposition.split("\n").filter((line) => /^[a-z]/.test(line)).length
    expect(series(openMetrics)).toBe(series(text))
  })

  it("would find fault with a counter that is not called one", () => {
    const text = "# HELP vigia_x X\n# TYPE vigia_x counter\nvigia_x 1\n"
    expect(promtool?.(["check", "metrics"], text).status).not.toBe(0)
  })

  it("accepts the rules, and finds that they do what their tests say", () => {
    expect(promtool?.(["check", "rules", rulesPath])).toMatchObject({ status: 0 })
    expect(promtool?.(["test", "rules", rulesTestPath])).toMatchObject({ status: 0 })
  })
})
