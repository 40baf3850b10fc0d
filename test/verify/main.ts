import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { startSharedServer } from "../support/postgresServer.ts"
import { type FullMeasure, fullMeasures } from "./measures.ts"
import type { TrialGround } from "./Trial.ts"
import type { Verdict } from "./verdict.ts"

const usage = `usage: npm run verify [-- --only ${Object.keys(fullMeasures).slice(0, 2).join(",")}]
Measures at full size (about half an hour) and writes verify.json; with --only it renews those lines alone.
Measures: ${Object.keys(fullMeasures).join(", ")}
`

const { values } = parseArgs({ options: { only: { type: "string" }, help: { type: "boolean" } } })
if (values.help === true) {
  process.stdout.write(usage)
  process.exit(0)
}
const names = values.only?.split(",") ?? Object.keys(fullMeasures)
const chosen = names.flatMap((name) => {
  const run = fullMeasures[name]
  return run === undefined ? [] : [{ name, run }]
})
if (chosen.length < names.length) {
  process.stderr.write(`verify: no such measure in: ${values.only}\n${usage}`)
  process.exit(1)
}

const outputPath = resolve("verify.json")
const earlier: unknown =
  values.only !== undefined && existsSync(outputPath) ? JSON.parse(readFileSync(outputPath, "utf8")) : {}
const results: Record<string, unknown> = { ...(typeof earlier === "object" ? earlier : {}) }

/** A measure that cannot be taken is a line that is not met. */
const take = async (name: string, run: FullMeasure, ground: TrialGround): Promise<ReadonlyArray<Verdict>> => {
  try {
    return await run(ground)
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return [{ name, figures: { error: text }, target: "the measure can be taken", met: false }]
  }
}

const { server, stop } = await startSharedServer()
const startedAt = performance.now()
let unmet = 0
try {
  for (const { name, run } of chosen) {
    const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1)
    process.stdout.write(`${minutes} min  ${name} ...\n`)
    for (const verdict of await take(name, run, { databaseServer: server })) {
      const { figures, target, met } = verdict
      if (!met) unmet += 1
      results[verdict.name] = { ...figures, target, met, measured_at: new Date().toISOString() }
      process.stdout.write(`  ${met ? "met    " : "NOT MET"}  ${verdict.name}: ${target}\n`)
      for (const [figure, value] of Object.entries(figures)) {
        process.stdout.write(`             ${figure}: ${value}\n`)
      }
    }
    writeFileSync(outputPath, `${JSON.stringify(results, null, 2)}\n`)
  }
} finally {
  await stop()
}
process.stdout.write(`${outputPath}: ${unmet === 0 ? "everything met" : `${unmet} not met`}\n`)
process.exitCode = unmet === 0 ? 0 : 1
