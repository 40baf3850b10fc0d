import { expect, it } from "vitest"
import { EventLoopDelay } from "../../src/health/EventLoopDelay.ts"
import { percentile } from "../../src/health/percentile.ts"

it("takes the smallest value that a share of all does not exceed", () => {
  const values = [
    { value: 3, count: 1 },
    { value: 1, count: 98 },
    { value: 2, count: 1 },
  ]
  expect([0.5, 0.98, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 1, 2, 3])
  expect(percentile([], 0.99)).toBe(null)
})

it("sees how long the loop was held up, and forgets it after a minute", async () => {
  const delay = new EventLoopDelay()
  delay.start()
  try {
    expect(delay.sample(0)).toBe(null)
    await new Promise((next) => setTimeout(next, 100))
    const until = performance.now() + 300
    while (performance.now() < until);
    await new Promise((next) => setTimeout(next, 100))
    expect(delay.sample(5000)?.greatestSeconds).toBeGreaterThan(0.25)
    expect(delay.sample(64_000)?.greatestSeconds).toBeGreaterThan(0.25)
    expect(delay.sample(65_001)?.greatestSeconds ?? 0).toBeLessThan(0.25)
  } finally {
    delay.stop()
  }
})
