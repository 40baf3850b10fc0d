import { expect, it } from "vitest"
import { measureCost } from "../verify/measureCost.ts"

// The short form: few cameras for few seconds, while other tests run. It finds what costs a multiple of what it
// should; `npm run bench` measures the figures themselves (5 %, 1.05, 1.4) with 25 cameras over a minute. Beside few
// cameras most is what the service does whatever their number, as measuring health.
it("costs little beside its FFmpeg processes", async () => {
  const cost = await measureCost({ cameras: 9, seconds: 10, warmupSeconds: 10, video: "h264-1080p" })
  expect(cost.recordersCpuSeconds).toBeGreaterThan(0)
  expect(cost.serviceToRecorders).toBeLessThan(0.3)
  expect(cost.recordersToBare).toBeLessThan(1.3)
  expect(cost.residentToImportOnly).toBeLessThan(1.4)
}, 120_000)
