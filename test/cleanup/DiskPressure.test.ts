import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { describe, expect, it } from "vitest"
import { Ballast } from "../../src/cleanup/Ballast.ts"
import { Deletion } from "../../src/cleanup/Deletion.ts"
import { DiskPressure } from "../../src/cleanup/DiskPressure.ts"
import type { StopReason } from "../../src/recorder/RunRequest.ts"
import { EventJournal } from "../../src/events/EventJournal.ts"
import { StreamRecorder } from "../../src/recorder/StreamRecorder.ts"
import { Catalog } from "../../src/storage/Catalog.ts"
import { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { EvictionCandidates } from "../../src/storage/EvictionCandidates.ts"
import {
  DirectoryUnusable,
  MarkerMissing,
  RecordingsDirectory,
} from "../../src/storage/RecordingsDirectory.ts"
import { StorageAccounts } from "../../src/storage/StorageAccounts.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { clockAt, type ClockOffset } from "./CleanupScene.ts"

interface Disk {
  freeBytes: number
  fault: DirectoryUnusable | MarkerMissing | null
  /** Whether what is deleted frees room. */
  showsFreed: boolean
}

/** A disk whose answer a test decides; without `recordings`, of 10 bytes each, its database is away. */
const scene = (recordings: number | null = null, criticalPercent = 90) => {
  const recorded = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      id: at + 1,
      cameraId: 1,
      filePath: `cam_1/2026-01-14/${at}.mp4`,
      sizeBytes: 10,
      startMillis: at,
      endMillis: at + 1,
    }))
  let left = recorded(recordings ?? 0)
  const camera = { name: "", isRemoved: false, isEnabled: true, quotaBytes: null, retentionDays: null }
  const owner = { id: 1, name: "", plan: "basic" as const, isRemoved: false, quotaBytes: null }
  const disk: Disk = { freeBytes: 500, fault: null, showsFreed: false }
  let clock: ClockOffset = { nowMillis: null, livedMillis: 0 }
  const ended: Array<StopReason> = []
  const lines: Array<string> = []
  const away = Effect.fail(new DatabaseUnavailable({ reason: "Timeout" }))
  const services = Layer.mergeAll(
    Layer.mock(RecordingsDirectory, {
      path: "/r",
      installation: "test",
      cameraPath: (cameraId) => `/r/cam_${cameraId}`,
      diskSpace: Effect.suspend(() =>
        disk.fault === null
          ? Effect.succeed({ totalBytes: 1000, freeBytes: disk.freeBytes, files: null })
          : Effect.fail(disk.fault),
      ),
    }),
    Layer.mock(StreamRecorder, {
      endAll: (reason) => Effect.asVoid(Effect.sync(() => ended.push(reason))),
      start: () => ({ stop: () => undefined, abandon: () => undefined }),
      onReport: () => undefined,
      pids: () => new Map(),
    }),
    Layer.mock(Deletion, {
      keptBack: () => new Set(),
      finishInterrupted: () => Effect.void,
      remove: (doomed) =>
        Effect.sync(() => {
          const removedIds = new Set(doomed.map(({ id }) => id))
          left = left.filter(({ id }) => !removedIds.has(id))
          if (disk.showsFreed) disk.freeBytes += 10 * doomed.length
          return {
            cameraIds: [1],
            removed: doomed.length,
            freedBytes: 10 * doomed.length,
            failures: [],
            removedIds,
          }
        }),
    }),
    Layer.mock(EvictionCandidates, {
      oldest: (_cameraIds, perCamera) => Effect.sync(() => left.slice(0, perCamera)),
      evictable: () => Effect.sync(() => ({ recordings: left.length, bytes: 10 * left.length })),
      protectedBytesOf: () => Effect.succeed(0),
    }),
    Layer.mock(StorageAccounts, {
      clips: Effect.succeed(new Map()),
      list: recordings === null ? away : Effect.succeed([{ ...owner, cameras: [{ ...camera, id: 1 }] }]),
    }),
    Ballast.layer(null),
    EventJournal.layer,
    Layer.mock(Catalog, {
      snapshot: () => ({
        currentFile: null,
        latestFile: null,
        coveredUntilMillis: null,
        openGap: null,
        totalBytes: 10 * left.length,
        recordings: left.length,
      }),
      growingFiles: () => [],
      knownFiles: () => ({ busy: new Set(), unsettled: new Set(), remembered: new Map() }),
    }),
    Logger.layer([Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))]),
  )
  const options = {
    warningPercent: 80,
    criticalPercent,
    reserveBytes: 50,
    probeIntervalMillis: 10,
    quotaIntervalMillis: 60_000,
  }
  const clocked = Layer.provideMerge(
    services,
    clockAt(() => clock),
  )
  const runtime = ManagedRuntime.make(DiskPressure.layer(options).pipe(Layer.provideMerge(clocked)))
  const ask = <A, E>(look: (pressure: DiskPressure["Service"]) => Effect.Effect<A, E>): Promise<A> =>
    runtime.runPromise(Effect.flatMap(DiskPressure, look))
  return {
    disk,
    left: () => left.length,
    /** From now on there are so many recordings that may go. */
    record: (count: number) => {
      left = recorded(count)
    },
    ended,
    lines,
    ask,
    /** What was lived until now, and what the clock says: null for what it is. */
    setClock: (set: ClockOffset) => {
      clock = set
    },
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
    let roomReturned = 0
    await ask(({ onRoomReturned }) => Effect.sync(() => onRoomReturned(() => (roomReturned += 1))))
    await ask(({ begin }) => begin)
    await awaitFact("runs are refused", refusal)
    expect(await refusal()).toMatchObject({
      cause: "disk_full",
      permanent: false,
      remedy: "wait_for_room",
    })
    expect(ended).toContain("disk_full")

    disk.freeBytes = 54
    await awaitFact("the disk was looked at", async () =>
      ask(({ reading }) => Effect.map(reading, ({ space }) => space?.freeBytes === 54)),
    )
    expect(await refusal()).not.toBeNull()
    expect(roomReturned).toBe(0)
    disk.freeBytes = 55
    await awaitFact("runs may begin", async () => (await refusal()) === null)
    await awaitFact("it is told", () => roomReturned === 1)
    expect(await state()).toBe("critical")
    disk.freeBytes = 101
    await awaitFact("the state is a warning", async () => (await state()) === "warning")
    expect(roomReturned).toBe(1)
    await dispose()
    const fatal = lines.filter((line) => line.startsWith("Fatal"))
    expect(fatal).toEqual(["Fatal recording stops: the reserve of the disk is reached, and evictions fail"])
    expect(lines.filter((line) => line.includes("nothing more may be evicted"))).toEqual([])
    const faults = lines.filter((line) => line.includes("recordings cannot be evicted"))
    expect(faults.length).toBeLessThanOrEqual(2)
    expect(lines).toContain("Info recording goes on: the disk has room")
  })

  it("evicts where recording stopped, also while the reserve is free and not the tenth above it", async () => {
    // Else all of the band lies above the critical mark, where recordings go in any case.
    const { disk, left, record, ask, refusal, dispose } = scene(0, 100)
    disk.showsFreed = true
    disk.freeBytes = 20
    await ask(({ begin }) => begin)
    await awaitFact("runs are refused", refusal)
    disk.freeBytes = 52
    record(100)
    await awaitFact("runs may begin", async () => (await refusal()) === null)
    expect(disk.freeBytes).toBe(62)
    expect(left()).toBe(100 - 1)
    await dispose()
  })

  it("tells when evictions gave room to a disk that had none, also where recording was not stopped", async () => {
    const { disk, ended, ask, dispose } = scene(100)
    disk.showsFreed = true
    let roomReturned = 0
    await ask(({ onRoomReturned }) => Effect.sync(() => onRoomReturned(() => (roomReturned += 1))))
    await ask(({ begin }) => begin)
    // Runs may have failed for want of room by the time that it is seen.
    disk.freeBytes = 0
    await awaitFact("it is told", () => roomReturned === 1)
    expect(disk.freeBytes).toBe(120)
    disk.freeBytes = 90
    await awaitFact("more is evicted", () => disk.freeBytes === 120)
    await dispose()
    expect(ended).toEqual([])
    // The reserve was free all the time.
    expect(roomReturned).toBe(1)
  })

  it("evicts once where the disk does not show what was freed, says so, and goes on when it does", async () => {
    const { disk, left, lines, ask, dispose } = scene(100)
    const obstacle = () => ask(({ reading }) => Effect.map(reading, (now) => now.obstacle))
    disk.freeBytes = 60
    await ask(({ begin }) => begin)
    await awaitFact("it says so", async () => (await obstacle()) === "not_shown")
    // To two points below the mark.
    expect(left()).toBe(100 - 6)
    let looks = 0
    let probedAtMillis = 0
    await awaitFact("the disk was looked at ten times more", async () => {
      const now = await ask(({ reading }) => reading)
      if (now.probedAtMillis !== probedAtMillis) looks += 1
      probedAtMillis = now.probedAtMillis
      return looks > 10
    })
    expect(left()).toBe(100 - 6)
    expect(lines.filter((line) => line.startsWith("Fatal"))).toEqual([
      "Fatal the disk does not show the room of recordings that were evicted: recording goes on until the reserve is reached",
    ])

    // The room shows at last, and others take part of it.
    disk.freeBytes = 80
    await awaitFact("more is evicted", () => left() < 100 - 6)
    expect(left()).toBe(100 - 6 - 4)
    disk.freeBytes = 500
    await awaitFact("nothing hinders it", async () => (await obstacle()) === null)
    await dispose()
  })

  it("waits for room that does not show as long as it lives, whatever the clock is set to", async () => {
    const { disk, left, ask, setClock, dispose } = scene(100)
    const day = 86_400_000
    const reading = () => ask((pressure) => pressure.reading)
    disk.freeBytes = 60
    await ask(({ begin }) => begin)
    await awaitFact("it says so", async () => (await reading()).obstacle === "not_shown")
    expect(left()).toBe(100 - 6)

    // Long before this real clock has lived for the ten seconds of the pause.
    for (let look = 1; look <= 5; look += 1) {
      const nowMillis = Date.now() + look * day
      setClock({ nowMillis, livedMillis: 0 })
      await awaitFact("the disk was looked at", async () => (await reading()).probedAtMillis === nowMillis)
    }
    expect(left()).toBe(100 - 6)

    setClock({ nowMillis: Date.now() - 30 * day, livedMillis: 10_000 })
    await awaitFact("more is evicted", () => left() < 100 - 6)
    await dispose()
  })

  it.each([
    new DirectoryUnusable({ path: "/r", code: "EIO" }),
    new MarkerMissing({ directory: "/r", message: "/r has lost its marker file" }),
  ])("takes a disk for critical where $_tag, and neither deletes nor ends anything", async (fault) => {
    const { disk, ended, lines, ask, state, refusal, dispose } = scene()
    expect(await state()).toBe("ok")
    await ask(({ begin }) => begin)
    disk.fault = fault
    await awaitFact("it is critical", async () => (await state()) === "critical")
    expect(await ask(({ reading }) => reading)).toMatchObject({ space: null, error: fault.message })
    expect(await refusal()).toBeNull()
    disk.fault = null
    await awaitFact("it is well again", async () => (await state()) === "ok")
    await dispose()
    expect(ended).toEqual([])
    expect(lines).toContain(`Error the disk does not say how full it is: ${fault.message}`)
    expect(lines.at(-1)).toBe("Info the disk has room again")
  })
})
