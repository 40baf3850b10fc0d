import { expect, it } from "vitest"
import { measureHealthCost } from "../verify/healthCost.ts"

// The short form: fewer cameras and five minutes; `npm run verify -- --only health_cost` takes 50 and half an hour.
it("costs little, with the windows of a month", async () => {
  const verdicts = await measureHealthCost({ cameras: 10, factor: 20, seconds: 300, days: 30 })
  process.stdout.write(`${JSON.stringify(verdicts[0]?.figures)}\n`)
  expect(verdicts.filter(({ met }) => !met)).toEqual([])
}, 180_000)
