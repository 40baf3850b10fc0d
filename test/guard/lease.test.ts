import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import {
  ownHost,
  readHolder,
  recordingsHolderPath,
  stateHolderPath,
  writeHolder,
} from "../../src/guard/holder.ts"
import { processStartTicks } from "../../src/recorder/processes.ts"
import { processesIn, readPostmaster } from "../../src/storage/embedded/postmaster.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { guardsOf, waitsOfGuards } from "../support/guards.ts"
import { type GuardFixture, withGuards } from "./GuardFixture.ts"

const noGuard = (fixture: GuardFixture) =>
  awaitFact("no guard is left", () => guardsOf(fixture.recordings).length === 0)
const secondsSince = (start: number) => (performance.now() - start) / 1000

const inLease = (fixture: GuardFixture) =>
  awaitFact("the lease has begun", () => waitsOfGuards(fixture.recordings).length > 0)

describe("the lease of the runs (invariant 7)", () => {
  it.concurrent(
    "ends all runs of a service that was killed and did not come back, and no other process",
    withGuards(async (fixture) => {
      const service = await fixture.start({ leaseSeconds: 2 })
      const runs = [await fixture.startRun(), await fixture.startRun()]
      const foreign = await fixture.startForeign()
      expect(new Set(fixture.livingRuns())).toEqual(new Set(runs.map(({ pid }) => pid)))
      const start = performance.now()
      await service.kill("SIGKILL")
      await Promise.all(runs.map((run) => run.ends()))
      expect(secondsSince(start)).toBeGreaterThan(2)
      process.stdout.write(
        `lease of 2 s: the runs ended ${secondsSince(start).toFixed(1)} s after the service\n`,
      )
      await noGuard(fixture)
      expect(foreign.alive).toBe(true)
      for (const { pid } of runs) {
        expect(fixture.guardLog).toMatch(
          new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\S+Z camera 1, pid ${pid}: its service did not come back`, "m"),
        )
      }
      expect(fixture.guardLog).not.toContain(".mp4")
      expect(readHolder(recordingsHolderPath(fixture.recordings))).toBeNull()
    }),
  )

  it.concurrent(
    "begins too when the service ends at once on purpose, or stops in order and leaves a run",
    withGuards(async (fixture) => {
      const handedOver = await fixture.start({ leaseSeconds: 600 })
      await fixture.startRun()
      await handedOver.kill("SIGUSR2")
      expect(handedOver.exitCode).toBe(0)
      await inLease(fixture)
      const next = await fixture.start({ leaseSeconds: 1 })
      await next.kill("SIGTERM")
      expect(next.exitCode).toBe(0)
      await awaitFact("the run has ended", () => fixture.livingRuns().length === 0)
      await noGuard(fixture)
    }),
  )

  it.concurrent(
    "is over when a service comes back by another path to the same directory",
    withGuards(async (fixture) => {
      const link = join(fixture.root, "link")
      symlinkSync(fixture.recordings, link)
      const first = await fixture.start({ recordings: link, leaseSeconds: 600 })
      await fixture.startRun()
      await first.kill("SIGKILL")
      await awaitFact("the lease has begun", () => waitsOfGuards(link).length > 0)
      await fixture.start({ leaseSeconds: 600 })
      expect(guardsOf(fixture.recordings)).toHaveLength(1)
      await awaitFact("the earlier guard has ended", () => guardsOf(link).length === 0)
    }),
  )

  it.concurrent(
    "is over when a service comes back in time: the runs go on",
    withGuards(async (fixture) => {
      const first = await fixture.start({ leaseSeconds: 600 })
      const run = await fixture.startRun()
      await first.kill("SIGKILL")
      await inLease(fixture)
      const second = await fixture.start({ leaseSeconds: 600 })
      await awaitFact("the earlier guard has ended", () => guardsOf(fixture.recordings).length === 1)
      expect(waitsOfGuards(fixture.recordings)).toEqual([])
      await second.kill("SIGKILL")
      await inLease(fixture)
      expect(guardsOf(fixture.recordings)).toHaveLength(1)
      expect(run.alive).toBe(true)
    }),
  )

  it.concurrent(
    "counts from the last death of a service that is killed twice",
    withGuards(async (fixture) => {
      const first = await fixture.start({ leaseSeconds: 8 })
      const run = await fixture.startRun()
      await first.kill("SIGKILL")
      const firstDeath = performance.now()
      await inLease(fixture)
      const second = await fixture.start({ leaseSeconds: 8 })
      await awaitFact("two seconds of the first lease are over", () => secondsSince(firstDeath) > 2)
      await second.kill("SIGKILL")
      const secondDeath = performance.now()
      await run.ends()
      expect(secondsSince(secondDeath)).toBeGreaterThan(8)
      await noGuard(fixture)
    }),
  )

  it.concurrent(
    "is not ended by a service that holds a lock just then, and gives up",
    withGuards(async (fixture) => {
      const service = await fixture.start({ leaseSeconds: 1 })
      const run = await fixture.startRun()
      const trying = await fixture.awaitMarker()
      await service.kill("SIGKILL")
      await trying.says("started")
      await awaitFact("the guard waits a second time", () => waitsOfGuards(fixture.recordings).includes("5"))
      await trying.kill("SIGKILL")
      await run.ends()
      await noGuard(fixture)
      expect(readHolder(recordingsHolderPath(fixture.recordings))).toBeNull()
    }),
  )

  it.concurrent(
    "ends a run that ignores TERM by KILL",
    withGuards(async (fixture) => {
      const service = await fixture.start({ leaseSeconds: 1 })
      const run = await fixture.startRun({ ignoresTerm: true })
      const start = performance.now()
      await service.kill("SIGKILL")
      await run.ends()
      expect(secondsSince(start)).toBeGreaterThan(7)
      await noGuard(fixture)
    }),
  )

  it.concurrent(
    "ends the runs also when the code of the service is gone, the stubborn ones too",
    withGuards(async (fixture) => {
      const runs = [await fixture.startRun(), await fixture.startRun({ ignoresTerm: true })]
      const foreign = await fixture.startForeign()
      fixture.leaveGuardWithoutCode(1)
      await Promise.all(runs.map((run) => run.ends()))
      await noGuard(fixture)
      expect(foreign.alive).toBe(true)
      expect(fixture.guardLog).toContain(`SIGKILL to the run of pid ${runs[1]?.pid}`)
      expect(fixture.guardLog).not.toContain(`SIGKILL to the run of pid ${runs[0]?.pid}`)
    }),
  )

  it.concurrent(
    "stops the embedded PostgreSQL of a service that did not come back",
    withGuards(async (fixture) => {
      const service = await fixture.start({ leaseSeconds: 1, withDatabase: true })
      const dataDirectory = realpathSync(join(fixture.state, "postgres"))
      expect(readPostmaster(dataDirectory)?.status).toBe("ready")
      await service.kill("SIGKILL")
      expect(processesIn(dataDirectory).length).toBeGreaterThan(0)
      await noGuard(fixture)
      expect(processesIn(dataDirectory)).toEqual([])
      expect(readPostmaster(dataDirectory)).toBeUndefined()
      expect(existsSync(join(fixture.state, "service.json"))).toBe(false)
    }),
  )

  describe("while another service has the recordings", () => {
    /** A service in the given pid namespace takes the recordings when the first one is killed. */
    const isTakenOverFrom = async (
      fixture: GuardFixture,
      pidNamespace: string,
      holderPath = recordingsHolderPath(fixture.recordings),
    ) => {
      const first = await fixture.start({ leaseSeconds: 1 })
      const run = await fixture.startRun()
      const held = readHolder(recordingsHolderPath(fixture.recordings))
      if (held === null) throw new Error("no holder")
      const next = await fixture.awaitMarker()
      const service = { pid: next.pid, processStartTicks: processStartTicks(next.pid) ?? "" }
      await writeHolder(holderPath, { ...held, service, pidNamespace })
      await first.kill("SIGKILL")
      await next.says("started")
      return { run, next }
    }

    it.concurrent(
      "elsewhere, ends the runs here, which that one cannot see",
      withGuards(async (fixture) => {
        const { run, next } = await isTakenOverFrom(fixture, "pid:[1]")
        await run.ends()
        await noGuard(fixture)
        expect(next.alive).toBe(true)
        expect(readHolder(recordingsHolderPath(fixture.recordings))?.pidNamespace).toBe("pid:[1]")
      }),
    )

    it.concurrent(
      "here, leaves the runs to it",
      withGuards(async (fixture) => {
        const { run } = await isTakenOverFrom(fixture, ownHost().pidNamespace)
        await noGuard(fixture)
        expect(run.alive).toBe(true)
      }),
    )

    it.concurrent(
      "leaves the runs to another service here that could not say so on the full disk of the recordings",
      withGuards(async (fixture) => {
        const stateHolder = stateHolderPath(fixture.state)
        const { run } = await isTakenOverFrom(fixture, ownHost().pidNamespace, stateHolder)
        await noGuard(fixture)
        expect(run.alive).toBe(true)
      }),
    )
  })

  it.concurrent(
    "makes nothing where there is nothing to end",
    withGuards(async (fixture) => {
      const service = await fixture.start({ leaseSeconds: 1 })
      mkdirSync(join(fixture.recordings, "cam_1"), { recursive: true })
      writeFileSync(join(fixture.recordings, "cam_1", "x"), "")
      await service.kill("SIGKILL")
      await noGuard(fixture)
      expect(existsSync(join(fixture.state, "postgres"))).toBe(false)
      expect(fixture.guardLog).toBe("")
    }),
  )
})
