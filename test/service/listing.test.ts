import { describe, expect, it } from "vitest"
import { measureListing } from "../verify/listing.ts"

describe("thousands of rows", () => {
  it("are answered from the rows that are asked for, and not read by a start", async () => {
    const verdicts = await measureListing({
      name: "listing",
      cameras: 4,
      days: 90,
      filesPerDay: 24,
      requests: 100,
      warmups: 5,
      // Other tests run on the same processors.
      mostMillis: 500,
      mostStartSeconds: 20,
    })
    process.stdout.write(`${JSON.stringify(verdicts.map(({ name, figures }) => ({ name, ...figures })))}\n`)
    expect(verdicts.map(({ name }) => name)).toEqual([
      "listing.healthz",
      "listing.status",
      "listing.storage",
      "listing.day",
      "listing.coverage",
      "listing.clips",
      "listing.next_page",
      "listing.start",
    ])
    expect(verdicts.filter(({ met }) => !met)).toEqual([])
  }, 180_000)
})
