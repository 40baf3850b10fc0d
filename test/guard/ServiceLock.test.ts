import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readHolder, recordingsHolderPath } from "../../src/guard/holder.ts"
import { isProcessAlive } from "../../src/recorder/processes.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { guardsOf } from "../support/guards.ts"
import { type GuardFixture, withGuards } from "./GuardFixture.ts"

const holderOf = (fixture: GuardFixture) => readHolder(recordingsHolderPath(fixture.recordings))
const noGuard = (fixture: GuardFixture) =>
  awaitFact("no guard is left", () => guardsOf(fixture.recordings).length === 0)

describe("the locks of a service (invariant 7)", () => {
  it.concurrent(
    "refuse a second one, which says who has which directory and gives up",
    withGuards(async (fixture) => {
      const first = await fixture.start()
      const guards = guardsOf(fixture.recordings)
      const { startedAt } = holderOf(fixture) ?? {}
      const second = fixture.begin()
      await second.ends()
      expect(second.exitCode).toBe(1)
      const who = `the service with pid ${first.pid} on host ${hostname()}, started at ${startedAt}`
      expect(second.output.trimEnd().split("\n").at(-1)).toBe(`${fixture.recordings} is in use by ${who}`)
      expect(second.output).toContain("trying for 10 seconds")
      expect(first.alive).toBe(true)
      expect(guardsOf(fixture.recordings)).toEqual(guards)
      expect(guards).toEqual([holderOf(fixture)?.guard.pid])
    }),
  )

  it.concurrent(
    "refuse a second one that shares only the recordings, or only the state",
    withGuards(async (fixture) => {
      const first = await fixture.start()
      const otherState = fixture.begin({ state: join(fixture.root, "other-state") })
      const otherRecordings = fixture.begin({ recordings: fixture.newRecordings("other") })
      await Promise.all([otherState.ends(), otherRecordings.ends()])
      expect(otherState.output).toContain(
        `${fixture.recordings} is in use by the service with pid ${first.pid}`,
      )
      expect(otherRecordings.output).toContain(
        `${fixture.state} is in use by the service with pid ${first.pid}`,
      )
      expect([otherState.exitCode, otherRecordings.exitCode]).toEqual([1, 1])
      await awaitFact(
        "no guard of the other is left",
        () => guardsOf(join(fixture.root, "other")).length === 0,
      )
    }),
  )

  it.concurrent(
    "are two services' where they share nothing",
    withGuards(async (fixture) => {
      await fixture.start()
      await fixture.start({
        recordings: fixture.newRecordings("other"),
        state: join(fixture.root, "other-state"),
      })
      expect(guardsOf(fixture.recordings)).toHaveLength(1)
      expect(guardsOf(join(fixture.root, "other"))).toHaveLength(1)
    }),
  )

  it.runIf(process.getuid?.() === 0).concurrent(
    "hold across containers, whose pids mean nothing elsewhere, and end with the container",
    withGuards(async (fixture) => {
      const contained = await fixture.start({ isContained: true })
      const { service, guard, startedAt } = holderOf(fixture) ?? {}
      expect(service?.pid).toBe(1)
      const here = fixture.begin()
      await here.says("trying for 10 seconds")
      expect(here.output).toContain(
        `${fixture.recordings} is in use by the service with pid 1 on host ${hostname()}, started at ${startedAt}`,
      )
      await contained.kill("SIGKILL")
      await here.says("locked\n")
      expect(holderOf(fixture)?.service.pid).toBe(here.pid)
      const second = fixture.begin({ isContained: true })
      await second.ends()
      expect(second.exitCode).toBe(1)
      expect(second.output).toContain(`${fixture.recordings} is in use by the service with pid ${here.pid}`)
      expect(guard?.pid).toBeLessThan(100)
      expect(guardsOf(fixture.recordings)).toEqual([holderOf(fixture)?.guard.pid])
    }),
  )

  it.concurrent(
    "are free at once after kill -9 of their service, and its guard ends when the next one comes",
    withGuards(async (fixture) => {
      const first = await fixture.start()
      const firstGuard = holderOf(fixture)?.guard
      await first.kill("SIGKILL")
      const second = await fixture.start()
      await awaitFact("the earlier guard has ended", () => firstGuard && !isProcessAlive(firstGuard))
      expect(guardsOf(fixture.recordings)).toEqual([holderOf(fixture)?.guard.pid])
      expect(holderOf(fixture)?.service.pid).toBe(second.pid)
    }),
  )

  it.concurrent(
    "pass to a service that already waits when the first one ends",
    withGuards(async (fixture) => {
      const first = await fixture.start()
      const second = fixture.begin()
      await second.says("trying for 10 seconds")
      await first.kill("SIGTERM")
      expect(first.exitCode).toBe(0)
      await second.says("locked\n")
      expect(holderOf(fixture)?.service.pid).toBe(second.pid)
    }),
  )

  it.concurrent(
    "leave nothing behind after a clean stop",
    withGuards(async (fixture) => {
      const service = await fixture.start()
      expect(statSync(recordingsHolderPath(fixture.recordings)).mode & 0o777).toBe(0o644)
      expect(statSync(join(fixture.state, "guard.log")).mode & 0o777).toBe(0o600)
      await service.kill("SIGTERM")
      expect(service.exitCode).toBe(0)
      await noGuard(fixture)
      expect(holderOf(fixture)).toBeNull()
      expect(existsSync(join(fixture.state, "service.json"))).toBe(false)
    }),
  )

  it.concurrent(
    "are taken again when the guard is killed under a living service",
    withGuards(async (fixture) => {
      const service = await fixture.start()
      const firstGuard = holderOf(fixture)?.guard.pid ?? 0
      process.kill(firstGuard, "SIGKILL")
      await awaitFact(
        "another guard is named",
        () => ![undefined, firstGuard].includes(holderOf(fixture)?.guard.pid),
      )
      expect(guardsOf(fixture.recordings)).toEqual([holderOf(fixture)?.guard.pid])
      expect(service.output).toContain("The guard of the directories has ended: starting another")
      const second = fixture.begin()
      await second.says("trying for 10 seconds")
      await service.kill("SIGTERM")
      expect(service.exitCode).toBe(0)
    }),
  )

  it.concurrent(
    "are lost, and the service told so, when another one was faster",
    withGuards(async (fixture) => {
      const first = await fixture.start()
      process.kill(first.pid, "SIGSTOP")
      process.kill(holderOf(fixture)?.guard.pid ?? 0, "SIGKILL")
      const second = await fixture.start()
      process.kill(first.pid, "SIGCONT")
      await first.ends()
      expect(first.exitCode).toBe(3)
      expect(first.output).toContain(
        `lost: ${fixture.recordings} is in use by the service with pid ${second.pid}`,
      )
      expect(holderOf(fixture)?.service.pid).toBe(second.pid)
      expect(second.alive).toBe(true)
    }),
  )

  it.concurrent(
    "hold the marker that is in its place, not one that was replaced",
    withGuards(async (fixture) => {
      await fixture.start()
      const marker = join(fixture.recordings, ".vigia")
      writeFileSync(`${marker}.new`, readFileSync(marker))
      renameSync(`${marker}.new`, marker)
      const second = await fixture.start({ state: join(fixture.root, "other-state") })
      expect(holderOf(fixture)?.service.pid).toBe(second.pid)
    }),
  )

  it.concurrent(
    "are not taken where there is no marker, which is not made either",
    withGuards(async (fixture) => {
      rmSync(join(fixture.recordings, ".vigia"))
      const service = fixture.begin()
      await service.ends()
      expect(service.exitCode).toBe(1)
      expect(service.output).toMatch(/^Cannot lock the directories of the service: ENOENT.*\.vigia'$/m)
      expect(existsSync(join(fixture.recordings, ".vigia"))).toBe(false)
    }),
  )

  it.concurrent(
    "cannot be taken without flock(1), which is said",
    withGuards(async (fixture) => {
      const empty = join(fixture.root, "empty")
      mkdirSync(empty)
      const service = fixture.begin({ path: empty })
      await service.ends()
      expect(service.exitCode).toBe(1)
      expect(service.output).toMatch(/^Cannot lock the directories of the service: .*flock: not found$/m)
      await noGuard(fixture)
    }),
  )

  it.concurrent(
    "do not touch a process that was given the number of an earlier guard",
    withGuards(async (fixture) => {
      const first = await fixture.start()
      const found = holderOf(fixture)
      if (found === null) throw new Error("no holder")
      await first.kill("SIGKILL")
      const foreign = await fixture.startForeign()
      const named = { ...found, guard: { ...found.guard, pid: foreign.pid } }
      writeFileSync(recordingsHolderPath(fixture.recordings), JSON.stringify(named))
      await fixture.start()
      expect(foreign.alive).toBe(true)
    }),
  )
})
