import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { describe, expect, it } from "vitest"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import { DiskPressure } from "../../src/cleanup/DiskPressure.ts"
import type { StopReason } from "../../src/recorder/RunRequest.ts"
import { StreamRecorder } from "../../src/recorder/StreamRecorder.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import { DirectoryUnusable, RecordingsDirectory } from "../../src/storage/RecordingsDirectory.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { awaitFact } from "../support/awaitFact.ts"

/** A disk whose answer a test decides; its database is away, so nothing can be evicted. */
const scene = () => {
  const disk: { freeBytes: number | null } = { freeBytes: 500 }
  const ended: Array<StopReason> = []
  const lines: Array<string> = []
  const away = Effect.fail(new DatabaseUnavailable({ reason: "Timeout" }))
  const services = Layer.mergeAll(
    Layer.mock(RecordingsDirectory, {
      path: "/r",
      installation: "test",
      cameraPath: (cameraId) => `/r/cam_${cameraId}`,
      diskSpace: Effect.suspend(() =>
        disk.freeBytes === null
          ? Effect.fail(new DirectoryUnusable({ path: "/r", code: "EIO" }))
          : Effect.succeed({ totalBytes: 1000, freeBytes: disk.freeBytes }),
      ),
    }),
    Layer.mock(StreamRecorder, {
      endAll: (reason) => Effect.asVoid(Effect.sync(() => ended.push(reason))),
      start: () => ({ stop: () => undefined, abandon: () => undefined }),
      onReport: () => undefined,
      pids: () => new Map(),
    }),
    Layer.mock(Deletion, { remove: () => Effect.die("nothing was to be deleted") }),
    Layer.mock(EvictionCandidates, {}),
    Layer.mock(StorageAccounts, { list: away }),
    Layer.mock(Catalog, {
      snapshot: () => ({
        currentFile: null,
        latestFile: null,
        coveredUntilMillis: null,
        openGap: null,
        totalBytes: 0,
        recordings: 0,
      }),
      growingFiles: () => [],
      knownFiles: () => ({ busy: new Set(), unsettled: new Set(), remembered: new Map() }),
    }),
    Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))]),
  )
  const options = {
    warningPercent: 80,
    criticalPercent: 90,
    reserveBytes: 50,
    probeIntervalMillis: 10,
    quotaIntervalMillis: 60_000,
  }
  const runtime = ManagedRuntime.make(DiskPressure.layer(options).pipe(Layer.provideMerge(services)))
  const ask = <A, E>(look: (pressure: DiskPressure["Service"]) => Effect.Effect<A, E>): Promise<A> =>
    runtime.runPromise(Effect.flatMap(DiskPressure, look))
  return {
    disk,
    ended,
    lines,
    ask,
    state: () => ask(({ reading }) => Effect.map(reading, (now) => now.state)),
    refusal: () => ask(({ refusal }) => refusal),
    dispose: () => runtime.dispose(),
  }
}

describe("DiskPressure", () => {
  it("ends recording at the reserve while nothing can be evicted, and lets it go on a tenth above", async () => {
    const { disk, ended, lines, ask, state, refusal, dispose } = scene()
    disk.freeBytes = 20
    expect(await state()).toBe("critical")
    // Before the catalog knows what is recorded nothing is decided.
    expect(await refusal()).toBeNull()
    await ask(({ begin }) => begin)
    await awaitFact("runs are refused", refusal)
    expect(await refusal()).toMatchObject({ cause: "disk_full", permanent: false })
    expect(ended).toContain("disk_full")

    disk.freeBytes = 54
    await awaitFact("the disk was looked at", async () =>
      ask(({ reading }) => Effect.map(reading, ({ space }) => space?.freeBytes === 54)),
    )
    expect(await refusal()).not.toBeNull()
    disk.freeBytes = 55
    await awaitFact("runs may begin", async () => (await refusal()) === null)
    expect(await state()).toBe("critical")
    disk.freeBytes = 101
    await awaitFact("the state is a warning", async () => (await state()) === "warning")
    await dispose()
    const fatal = lines.filter((line) => line.startsWith("Fatal"))
    expect(fatal).toEqual([
      "Fatal recording stops: the reserve of the disk is reached, and nothing may be evicted",
    ])
    const faults = lines.filter((line) => line.includes("recordings cannot be evicted"))
    expect(faults.length).toBeLessThanOrEqual(2)
    expect(lines).toContain("Info recording goes on: the disk has room")
  })

  it("takes a disk that does not answer for critical, and neither deletes nor ends anything", async () => {
    const { disk, ended, lines, ask, state, refusal, dispose } = scene()
    expect(await state()).toBe("ok")
    await ask(({ begin }) => begin)
    disk.freeBytes = null
    await awaitFact("it is critical", async () => (await state()) === "critical")
    expect(await ask(({ reading }) => reading)).toMatchObject({ space: null, error: "Cannot use /r: EIO" })
    expect(await refusal()).toBeNull()
    disk.freeBytes = 500
    await awaitFact("it is well again", async () => (await state()) === "ok")
    await dispose()
    expect(ended).toEqual([])
    expect(lines).toContain("Error the disk does not say how full it is: Cannot use /r: EIO")
    expect(lines.at(-1)).toBe("Info the disk has room again")
  })
})
