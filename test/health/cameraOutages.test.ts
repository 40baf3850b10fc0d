import { describe, expect, it } from "vitest"
import type { Cause } from "../../src/domain/Cause.ts"
import { CameraOutages } from "../../src/health/CameraOutages.ts"
import type { Ledger } from "../../src/storage/accounting/ledger.ts"
import { type KnownOutage, knownOutages } from "../../src/storage/accounting/knownOutages.ts"
import type { GapRow } from "../../src/storage/accounting/rows.ts"
import {
  cameraDisabled,
  cameraEnabled,
  outageBegan,
  segmentChanged,
} from "../../src/storage/accounting/transitions.ts"
import { CatalogMemory } from "../../src/storage/CatalogMemory.ts"
import { AfterRun } from "../../src/supervision/AfterRun.ts"
import { simulateCamera } from "../machines/simulation.ts"
import { summary } from "../storage/accounting/summaries.ts"

/** The real machine, the real ledger and what health makes of both, told in the order of the service. */
class Scene {
  readonly camera = simulateCamera()
  readonly outages = new CameraOutages(0)
  readonly #gaps = new Map<string, GapRow>()
  readonly #memory = new CatalogMemory({ lastSeenMillis: null, cameras: [] }, new Map(), () => undefined)
  readonly #afterRun = new AfterRun(() => this.#isAlive)
  #isAlive = true
  #told = 0
  #segments = 0
  #runs = 0
  #file = { startedAtMillis: 0, endedAtMillis: 0 }

  constructor() {
    this.#apply((ledger) => cameraEnabled(ledger, 0))
  }

  /** Of the rows that the coverage is answered from. */
  get gapSeconds(): ReadonlyArray<readonly [Cause, number]> {
    return [...this.#gaps.values()].map(
      ({ cause, startMillis, endMillis }) => [cause, ((endMillis ?? NaN) - startMillis) / 1000] as const,
    )
  }

  #apply(transition: (ledger: Ledger) => Ledger): void {
    this.#memory.apply(1, transition)
    for (const row of this.#memory.pending.of(1).gaps) {
      if (row.startMillis !== null) this.#gaps.set(row.identity, row)
    }
  }

  get recoverySeconds(): ReadonlyArray<number> {
    return this.outages.of(1).recoverySeconds
  }

  #hear(): void {
    for (const fact of this.camera.facts.slice(this.#told)) {
      if (fact.type === "outage.began") {
        const nowMillis = this.camera.clock.now()
        this.#afterRun.whenEnded(1, () => {
          this.#apply((ledger) => outageBegan(ledger, fact.cause, fact.detail, nowMillis))
        })
      }
      this.outages.noted(fact)
    }
    this.#told = this.camera.facts.length
    this.outages.looked(1, knownOutages(this.#memory.ledger(1)))
  }

  #write(state: "growing" | "closed"): void {
    const number = this.#segments
    const segment = summary({ ...this.#file, number, runId: `run-${number}`, state })
    this.#apply((ledger) => segmentChanged(ledger, segment))
  }

  pass(millis: number): void {
    for (let passed = 0; passed < millis; passed += 500) {
      this.camera.pass(500, 100)
      this.#hear()
    }
  }

  /** As soon as the machine tries, and no sooner than after this. */
  start(leastMillis = 0): void {
    this.pass(leastMillis)
    while (this.camera.recorder.runs.length === this.#runs) this.pass(500)
    this.#runs = this.camera.recorder.runs.length
    this.#isAlive = true
    this.#segments += 1
    this.camera.recorder.last.started()
    this.#file = { startedAtMillis: this.camera.clock.now(), endedAtMillis: this.camera.clock.now() }
  }

  /** A fragment a second; the first makes it a recording. */
  record(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.camera.pass(1000, 100)
      this.#file.endedAtMillis = this.camera.clock.now()
      this.#write("growing")
      this.camera.recorder.last.fragment()
      this.#hear()
    }
  }

  exit(cause: Cause): void {
    if (this.#file.endedAtMillis > this.#file.startedAtMillis) this.#write("closed")
    this.#file = { startedAtMillis: 0, endedAtMillis: 0 }
    this.#isAlive = false
    this.#afterRun.ended(1)
    this.camera.recorder.last.exited({ cause, detail: "so FFmpeg says" })
    this.#hear()
  }

  disable(): void {
    this.camera.actor.send({ type: "camera.disabled" })
    const nowMillis = this.camera.clock.now()
    this.#afterRun.whenEnded(1, () => {
      this.#apply((ledger) => cameraDisabled(ledger, nowMillis))
    })
    this.#hear()
  }

  enable(): void {
    this.#apply((ledger) => cameraEnabled(ledger, this.camera.clock.now()))
    this.camera.actor.send({ type: "camera.enabled" })
    this.#hear()
  }

  reconfigure(): void {
    this.camera.actor.send({ type: "camera.reconfigured" })
  }
}

const started = (): Scene => {
  const scene = new Scene()
  scene.start(1000)
  scene.record(62)
  return scene
}

describe("CameraOutages, of the real machine and ledger", () => {
  it("measures each stall from the last fragment, however long the camera recorded before", () => {
    const scene = started()
    for (const seconds of [3600, 30, 600]) {
      // FFmpeg finds the stall by itself, before the machine does.
      scene.pass(8000)
      scene.exit("stalled")
      scene.start(3000)
      scene.record(seconds)
    }
    // The machine finds it, and the run ends later.
    scene.pass(10_500)
    scene.pass(1500)
    scene.exit("process_crashed")
    scene.start(2000)
    scene.record(20)
    expect(scene.recoverySeconds).toEqual([11, 11, 11, 14])
    expect(scene.gapSeconds).toEqual([
      ["starting", 1],
      ["stalled", 11],
      ["stalled", 11],
      ["stalled", 11],
      ["stalled", 14],
    ])
    expect(scene.outages.of(1)).toMatchObject({ total: 4, byCause: { stalled: 4 }, recoveries: 4 })
  })

  it("measures over all tries in between, whatever ended them", () => {
    const scene = started()
    scene.exit("process_crashed")
    scene.start(500)
    scene.pass(500)
    scene.exit("camera_unreachable")
    scene.start(2000)
    scene.pass(500)
    scene.exit("invalid_stream")
    scene.start(6000)
    scene.record(20)
    expect(scene.gapSeconds.slice(1)).toEqual([
      ["process_crashed", 1],
      ["camera_unreachable", 2.5],
      ["invalid_stream", 6],
    ])
    expect(scene.outages.of(1)).toEqual({
      total: 3,
      byCause: { process_crashed: 1, camera_unreachable: 1, invalid_stream: 1 },
      recoveries: 1,
      recoverySeconds: [9.5],
    })
  })

  it("tells an outage when the beginning of what ended it stays where it is", () => {
    const scene = started()
    scene.exit("process_crashed")
    scene.start(1000)
    scene.record(14)
    expect(scene.recoverySeconds).toEqual([])
    scene.record(1)
    expect(scene.recoverySeconds).toEqual([1])
    scene.exit("process_crashed")
    scene.start(2000)
    scene.record(3)
    // A short run is over: nothing moves any more.
    scene.exit("process_crashed")
    expect(scene.recoverySeconds).toEqual([1, 2])
  })

  it("counts no failure, and no recovery, where Vigia itself ended the run", () => {
    const scene = started()
    scene.reconfigure()
    scene.exit("reconfigured")
    scene.start(1000)
    scene.record(20)
    expect(scene.gapSeconds.at(-1)).toEqual(["reconfigured", 1])
    expect(scene.outages.of(1)).toEqual({ total: 0, byCause: {}, recoveries: 0, recoverySeconds: [] })
  })

  it("has not recovered what was stopped while it was out", () => {
    const scene = started()
    scene.exit("camera_unreachable")
    scene.disable()
    scene.pass(5000)
    scene.enable()
    scene.start(1000)
    scene.record(20)
    expect(scene.gapSeconds.at(-1)).toEqual(["starting", 1])
    expect(scene.outages.of(1)).toMatchObject({ total: 1, recoveries: 0, recoverySeconds: [] })
  })

  it("counts what was over before the first look, if the service lived", () => {
    const gap = (fromMillis: number, toMillis: number): KnownOutage => ({
      identity: String(fromMillis),
      cause: "camera_unreachable",
      fromMillis,
      toMillis,
      isRecordedAgain: true,
      isPlaced: true,
    })
    const outages = new CameraOutages(10_000)
    outages.looked(1, [gap(5000, 9000), gap(10_500, 12_000)])
    outages.looked(1, [gap(5000, 9000), gap(10_500, 12_000)])
    expect(outages.of(1)).toMatchObject({ recoveries: 1, recoverySeconds: [1.5] })
  })

  it("does not lose the beginning of an outage with many causes, and keeps the last ten", () => {
    const scene = started()
    const diedMillis = scene.camera.clock.now()
    for (let at = 0; at < 60; at++) {
      scene.exit(at % 2 === 0 ? "camera_unreachable" : "invalid_stream")
      scene.start()
    }
    const outSeconds = (scene.camera.clock.now() - diedMillis) / 1000
    expect(outSeconds).toBeGreaterThan(600)
    expect(scene.recoverySeconds).toEqual([])
    scene.record(62)
    expect(scene.recoverySeconds).toEqual([outSeconds])
    const twelve = Array.from({ length: 12 }, (_, at) => at + 1)
    for (const seconds of twelve) {
      scene.exit("process_crashed")
      scene.start(seconds * 1000)
      scene.record(62)
    }
    expect(scene.recoverySeconds).toEqual(twelve.slice(2))
    expect(scene.outages.of(1).recoveries).toBe(13)
  })
})
