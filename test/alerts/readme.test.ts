import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { alertRules } from "../../src/alerts/rules.ts"

it("says of each alert what its rule says", () => {
  const rows = [
    ...readFileSync("README.md", "utf8").matchAll(
      /^\| `(\w+)`(, critical)? \|.*\| (\d+) s \|.*\| (\d+) s \|$/gm,
    ),
  ]
  const told = rows.map(([, kind = "", critical, raisedFor, endedFor]) => [
    kind,
    {
      severity: critical === undefined ? "warning" : "critical",
      forMillis: Number(raisedFor) * 1000,
      endForMillis: Number(endedFor) * 1000,
    },
  ])
  expect(Object.fromEntries(told)).toEqual(alertRules)
})
