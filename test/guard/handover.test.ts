import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { type Holder, readHolder, recordingsHolderPath } from "../../src/guard/holder.ts"
import { type GuardFixture, TestProcess, withGuards } from "./GuardFixture.ts"

const program = fileURLToPath(new URL("../../src/handover.ts", import.meta.url))

/** `npm run handover`, once everything is installed. */
const handOver = async (fixture: GuardFixture, environment: Readonly<Record<string, string>> = {}) => {
  const started = new TestProcess(
    spawn(process.execPath, [program], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], RECORDING_DIR: fixture.recordings, ...environment },
    }),
  )
  await started.ends()
  await started.says("\n")
  return { exitCode: started.exitCode, said: started.output }
}

const holderOf = (fixture: GuardFixture): Holder => {
  const found = readHolder(recordingsHolderPath(fixture.recordings))
  if (found === null) throw new Error("no holder")
  return found
}

const nameHolder = (fixture: GuardFixture, change: Partial<Holder>): void =>
  writeFileSync(recordingsHolderPath(fixture.recordings), JSON.stringify({ ...holderOf(fixture), ...change }))

const nameOf = (pid: number, startedAt: string): string =>
  `the service with pid ${pid} on host ${hostname()}, started at ${startedAt}`

describe("npm run handover", () => {
  it.concurrent(
    "ends the service, leaves its runs and tells how long they go on",
    withGuards(async (fixture) => {
      const service = await fixture.start({ leaseSeconds: 90 })
      const run = await fixture.startRun()
      const { exitCode, said } = await handOver(fixture)
      expect(said).toMatch(
        /^handed over in \d\.\d s: 1 run goes on recording; start the next version within 90 s\n$/,
      )
      expect(exitCode).toBe(0)
      expect([service.alive, service.exitCode]).toEqual([false, 0])
      expect(run.alive).toBe(true)
      await fixture.start()
      expect(run.alive).toBe(true)
    }),
  )

  it.concurrent(
    "says that there is no service",
    withGuards(async (fixture) => {
      const service = await fixture.start()
      await service.kill("SIGTERM")
      expect(await handOver(fixture)).toEqual({
        exitCode: 1,
        said: `handover: no service records into ${fixture.recordings}\n`,
      })
    }),
  )

  it.concurrent(
    "says that the service has ended before, and signals no process with its number",
    withGuards(async (fixture) => {
      const service = await fixture.start()
      const { startedAt } = holderOf(fixture)
      await service.kill("SIGKILL")
      const foreign = await fixture.startForeign()
      nameHolder(fixture, { service: { ...holderOf(fixture).service, pid: foreign.pid } })
      const { exitCode, said } = await handOver(fixture)
      expect(said).toBe(`handover: ${nameOf(foreign.pid, startedAt)}, has ended before\n`)
      expect(exitCode).toBe(1)
      expect(foreign.alive).toBe(true)
    }),
  )

  it.concurrent(
    "says where the service is that it cannot reach",
    withGuards(async (fixture) => {
      const service = await fixture.start()
      const { startedAt } = holderOf(fixture)
      nameHolder(fixture, { pidNamespace: "pid:[1]" })
      const { exitCode, said } = await handOver(fixture)
      const who = nameOf(service.pid, startedAt)
      expect(said).toBe(`handover: ${fixture.recordings} is in use by ${who}: hand over there\n`)
      expect(exitCode).toBe(1)
      expect(service.alive).toBe(true)
    }),
  )

  it.concurrent(
    "gives up on a service that does not end",
    withGuards(async (fixture) => {
      const service = await fixture.start()
      const { startedAt } = holderOf(fixture)
      process.kill(service.pid, "SIGSTOP")
      const { exitCode, said } = await handOver(fixture)
      expect(said).toBe(`handover: ${nameOf(service.pid, startedAt)}, did not end within 15 seconds\n`)
      expect(exitCode).toBe(1)
    }),
  )

  it.concurrent(
    "says which setting is wrong",
    withGuards(async (fixture) => {
      const { exitCode, said } = await handOver(fixture, { PORT: "http" })
      expect(said).toMatch(/^handover: PORT="http" is not usable: .*\n$/)
      expect(exitCode).toBe(1)
    }),
  )
})
