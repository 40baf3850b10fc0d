import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { RandomRuns } from "../../../src/demo/simulator/RandomRuns.ts"
import { type Random, seededRandom } from "../../../src/demo/simulator/seededRandom.ts"
import type { Fragment } from "../../../src/recorder/segments/FragmentReader.ts"
import {
  type FragmentLoss,
  PacketLoss,
  stateAfter,
  untouched,
} from "../../../src/recorder/segments/PacketLoss.ts"

const frameSeconds = 0.04
const heldBackSeconds = 0.2
const fragmentSeconds = 0.6

const newLog = () => {
  const directory = mkdtempSync(join(tmpdir(), "vigia-loss-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, "run.log")
  writeFileSync(path, "")
  return path
}

const openLoss = (path: string, state = untouched): PacketLoss => {
  const loss = PacketLoss.open(path, state)
  if (loss === null) throw new Error("the log is there")
  return loss
}

interface Frame {
  readonly atSeconds: number
  readonly isKeyframe: boolean
  readonly isAffected: boolean
}

const fragmentOf = (frames: ReadonlyArray<Frame>): Fragment => ({
  offset: 0,
  sizeBytes: 1,
  mediaStartSeconds: frames[0]?.atSeconds ?? 0,
  mediaEndSeconds: (frames.at(-1)?.atSeconds ?? 0) + frameSeconds,
  frames: frames.length,
  startsWithKeyframe: frames[0]?.isKeyframe === true,
  audioSamples: 0,
  frameIntervalsSeconds: frames.map(() => frameSeconds),
})

const wholeOf = (frames: ReadonlyArray<Frame>) => ({
  fragment: fragmentOf(frames),
  affected: frames.filter(({ isAffected }) => isAffected).length,
})

interface Lossy {
  readonly frames: number
  readonly gopFrames: number
  readonly probability: number
  readonly meanRun: number
  /** How often another life of the service goes on in the middle, where the last index line says. */
  readonly restarts: number
}

/**
 * Plays FFmpeg and its reader: frames come and lose packets, FFmpeg says so before it passes a frame on, holds frames back,
 * writes fragments; the reader looks now and then, and is another one after a restart.
 */
const play = (random: Random, { frames, gopFrames, probability, meanRun, restarts }: Lossy) => {
  const path = newLog()
  const losses = new RandomRuns(random)
  let loss = openLoss(path)
  const truth = { lostPackets: 0, affected: 0 }
  const told = { lostPackets: 0, damaged: 0 }
  /** Affected frames in fragments that are said to be whole. */
  let unbounded = 0
  let isAffected = false
  let held: Array<Frame> = []
  let open: Array<Frame> = []
  let whole: Array<{ fragment: Fragment; affected: number }> = []
  let nextLookSeconds = 0
  const index: Array<{ loss: FragmentLoss; endSeconds: number }> = []

  const passOn = (frame: Frame): void => {
    const first = open[0]
    const isCut = first !== undefined && frame.atSeconds - first.atSeconds >= fragmentSeconds
    if (frame.isKeyframe || isCut) {
      if (open.length > 0) whole.push(wholeOf(open))
      open = []
    }
    open.push(frame)
  }
  const look = (): void => {
    const found = whole
    whole = []
    const said = loss
      .account(
        found.map(({ fragment }) => fragment),
        loss.logBytes,
      )
      .flatMap((one) => one ?? [])
    loss.endPass()
    for (const [at, { affected }] of found.entries()) {
      if (affected > 0 && said[at]?.damagedFramesAtMost === 0) unbounded += affected
    }
    for (const one of said) {
      told.lostPackets += one.lostPackets
      told.damaged += one.damagedFramesAtMost
    }
    const [lastLoss, lastFragment] = [said.at(-1), found.at(-1)?.fragment]
    if (lastLoss !== undefined && lastFragment !== undefined) {
      index.push({ loss: lastLoss, endSeconds: lastFragment.mediaEndSeconds })
    }
  }

  for (let frame = 0; frame < frames; frame++) {
    const atSeconds = frame * frameSeconds
    const isKeyframe = frame % gopFrames === 0
    const lost = Array.from({ length: isKeyframe ? 8 : 2 }, () => losses.strikes({ probability, meanRun }))
    const count = lost.filter(Boolean).length
    isAffected = count > 0 || (isAffected && !isKeyframe)
    truth.lostPackets += count
    truth.affected += isAffected ? 1 : 0
    if (count > 0) appendFileSync(path, `[rtsp @ 0x1] [warning] RTP: missed ${count} packets\n`)
    held.push({ atSeconds, isKeyframe, isAffected })
    while (held.length > 0 && atSeconds - (held[0]?.atSeconds ?? 0) > heldBackSeconds) {
      const [first, ...rest] = held
      held = rest
      if (first !== undefined) passOn(first)
    }
    if (restarts > 0 && frame > 0 && frame % Math.floor(frames / (restarts + 1)) === 0) {
      loss.close()
      const last = index.at(-1)
      loss = openLoss(
        path,
        last === undefined ? untouched : stateAfter(last.loss, last.endSeconds, frameSeconds),
      )
      nextLookSeconds = atSeconds + 5 + 20 * random()
    }
    if (atSeconds < nextLookSeconds) continue
    look()
    nextLookSeconds = atSeconds + 0.2 + 1.3 * random()
  }
  for (const one of held) passOn(one)
  whole.push(wholeOf(open))
  look()
  loss.close()
  return { truth, told, unbounded }
}

describe("PacketLoss", () => {
  it("counts each lost packet once and never bounds damage too low, whatever is lost and whenever it is looked", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seededRandom(seed, "loss")
      const { truth, told, unbounded } = play(random, {
        frames: 2000,
        gopFrames: [1, 10, 25, 50, 250][seed % 5] ?? 25,
        probability: [0, 0.0002, 0.001, 0.01, 0.05][Math.floor(seed / 5) % 5] ?? 0,
        meanRun: seed % 2 === 0 ? 1 : 6,
        restarts: seed % 3,
      })
      expect(told.lostPackets).toBe(truth.lostPackets)
      expect(unbounded).toBe(0)
      expect(told.damaged).toBeGreaterThanOrEqual(truth.affected)
      expect(told.damaged).toBeLessThanOrEqual(truth.lostPackets === 0 ? 0 : 2000)
    }
  })

  it("ends the damage at a keyframe: one loss costs a few seconds, not the rest of the file", () => {
    const path = newLog()
    const loss = openLoss(path)
    onTestFinished(() => loss.close())
    appendFileSync(path, "[rtsp @ 0x1] [warning] RTP: missed 1 packets\n")
    let damaged = 0
    for (let second = 0; second < 60; second++) {
      const frames = Array.from({ length: 25 }, (_, index) => ({
        atSeconds: second + index * frameSeconds,
        isKeyframe: index === 0,
        isAffected: false,
      }))
      for (const one of loss.account([fragmentOf(frames)], loss.logBytes))
        damaged += one?.damagedFramesAtMost ?? NaN
      loss.endPass()
    }
    expect(damaged).toBe(125)
  })
})
