import { expect, it } from "vitest"
import { firstTrail, lookAtOutages } from "../../src/health/recoveries.ts"

it.each([
  [500, []],
  [501, [0.501]],
])("tells of an outage of %s ms as the coverage does", (lastedMillis, recoverySeconds) => {
  const outage = {
    identity: "one",
    cause: "camera_unreachable",
    fromMillis: 60_000,
    toMillis: 60_000 + lastedMillis,
    isRecordedAgain: true,
    isPlaced: true,
  } as const
  const look = lookAtOutages(firstTrail([], 0), [outage])
  expect(look.recoverySeconds).toEqual(recoverySeconds)
  expect(lookAtOutages(look.trail, [outage]).recoverySeconds).toEqual([])
})
