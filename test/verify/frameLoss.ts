import { readFileSync } from "node:fs"
import type { SessionCounters } from "../../src/demo/simulator/counters.ts"
import type { Condition } from "../../src/demo/simulator/faults.ts"
import type { CameraOptions } from "../../src/demo/simulator/simulator.ts"
import type { RecordingAnswer } from "../service/apiAnswers.ts"
import { awaitFact } from "../support/awaitFact.ts"
import { Trial, type TrialGround } from "./Trial.ts"
import { type Verdict, greatest, rounded } from "./verdict.ts"

export interface FrameLossOptions extends TrialGround {
  readonly seed: number
  /** Frames that each camera makes while it has its fault: what one frame is worth must be far below 0.05 points. */
  readonly frames: number
  /** Shares of frames that are skipped, or of packets that are lost. */
  readonly shares: ReadonlyArray<number>
  readonly segmentSeconds: number
  /** How often the service is killed meanwhile: the next life must count nothing twice and leave nothing out. */
  readonly kills: number
}

/** The reported share may be off by this many percentage points. */
const mostPoints = 0.05

/** A camera with its fault, and how it is recorded. */
interface Lossy {
  readonly name: string
  readonly transport: "tcp" | "udp"
  readonly options: Omit<CameraOptions, "path">
  readonly fault: Condition
}

const skipping = (share: number): ReadonlyArray<Lossy> => [
  {
    name: `skip ${100 * share} %`,
    transport: "tcp",
    options: {},
    fault: { kind: "frameSkip", probability: share },
  },
  {
    name: `skip ${100 * share} % in runs`,
    transport: "tcp",
    options: {},
    fault: { kind: "frameSkip", probability: share, meanRunFrames: 3 },
  },
]

const losing = (share: number): ReadonlyArray<Lossy> => [
  {
    name: `lose ${100 * share} %`,
    transport: "udp",
    options: {},
    fault: { kind: "packetLoss", probability: share },
  },
  {
    name: `lose ${100 * share} % in runs, with sound`,
    transport: "udp",
    options: { audio: "aac" },
    fault: { kind: "packetLoss", probability: share, meanRunPackets: 4 },
  },
]

const others: ReadonlyArray<Lossy> = [
  {
    name: "lose 1 % over TCP",
    transport: "tcp",
    options: {},
    fault: { kind: "packetLoss", probability: 0.01 },
  },
  {
    name: "a rate that varies by 40 %",
    transport: "tcp",
    options: { faults: [{ kind: "unsteadyRate", share: 0.4 }] },
    fault: { kind: "unsteadyRate", share: 0.4 },
  },
]

/** What the rows of a camera say in all, and what is true. */
interface LossAccount {
  readonly camera: Lossy
  readonly frames: number
  readonly missingFrames: number | null
  readonly lostPackets: number | null
  readonly damagedFramesAtMost: number | null
  readonly truth: {
    readonly framesSent: number
    readonly framesSkipped: number
    readonly packetsLost: number
    readonly framesAffected: number
  }
}

const sumOf = (
  rows: ReadonlyArray<RecordingAnswer>,
  count: (row: RecordingAnswer) => number | null,
): number | null => {
  const counts = rows.map(count)
  return counts.reduce<number | null>(
    (sum, one) => (sum === null || one === null ? null : sum + one),
    rows.length === 0 ? null : 0,
  )
}

const percentOf = (lost: number, all: number): number => (100 * lost) / Math.max(1, all)

/** How far the reported share of missing frames is from the true one, in percentage points; NaN where it is not measured. */
const pointsOff = ({ frames, missingFrames, truth }: LossAccount): number =>
  missingFrames === null
    ? Number.NaN
    : Math.abs(
        percentOf(missingFrames, frames + missingFrames) -
          percentOf(truth.framesSkipped, truth.framesSent + truth.framesSkipped),
      )

/** Datagrams that this machine itself threw away for want of room (`/proc/net/snmp`): nobody's loss on the way. */
const datagramsThrownAway = (): number => {
  const lines = readFileSync("/proc/net/snmp", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("Udp:"))
  const at = lines[0]?.split(" ").indexOf("RcvbufErrors") ?? -1
  return Number(lines[1]?.split(" ")[at] ?? Number.NaN)
}

const recorderOf = (sessions: ReadonlyArray<SessionCounters>): SessionCounters => {
  const session = sessions.findLast(({ framesSent }) => framesSent > 0)
  if (session === undefined) throw new Error("nobody played the camera")
  return session
}

/** Waits until as many frames came to exist since a number. */
const awaitFrames = (trial: Trial, { path, name }: Begun, since: number, frames: number): Promise<unknown> =>
  awaitFact(
    `${name} makes ${frames} frames`,
    async () => (await trial.simulator.camera(path).counters()).lastSequence >= since + frames,
    60_000 + 200 * frames,
  )

/** A camera that is recorded and has its fault. */
interface Begun {
  readonly id: number
  readonly name: string
  readonly path: string
  readonly camera: Lossy
  readonly since: number
}

const begin = async (trial: Trial, camera: Lossy, path: string): Promise<Begun> => {
  const { name, transport, fault } = camera
  const handle = trial.simulator.camera(path)
  const id = await trial.add(name, handle.url, transport)
  const isOnDisk = async () => ((await trial.recordings(id))[0]?.frames ?? 0) > 0
  await awaitFact(`${name} is recorded`, isOnDisk)
  const since = (await handle.counters()).lastSequence
  await handle.set(fault)
  return { id, name, path, camera, since }
}

/** Ends the fault and lets frames follow: FFmpeg cannot know of packets after the last that came. */
const endFault = async (trial: Trial, begun: Begun): Promise<void> => {
  const handle = trial.simulator.camera(begun.path)
  await handle.clear()
  await awaitFrames(trial, begun, (await handle.counters()).lastSequence, 50)
}

const accountOf = async (trial: Trial, { id, name, path, camera }: Begun): Promise<LossAccount> => {
  const isClosed = async () => (await trial.recordings(id)).every(({ state }) => state === "closed")
  await awaitFact(`the rows of ${name} are closed`, isClosed)
  const rows = await trial.recordings(id)
  const counters = await trial.simulator.camera(path).counters()
  const session = recorderOf(counters.sessions)
  return {
    camera,
    frames: sumOf(rows, (row) => row.frames) ?? Number.NaN,
    missingFrames: sumOf(rows, (row) => row.missing_frames),
    lostPackets: sumOf(rows, (row) => row.lost_packets),
    damagedFramesAtMost: sumOf(rows, (row) => row.damaged_frames_at_most),
    truth: {
      framesSent: session.framesSent,
      framesSkipped: session.framesSkipped,
      packetsLost: counters.packetsLost,
      framesAffected: counters.framesAffected,
    },
  }
}

/** Lets the faults last; meanwhile the service is killed and started again as often. */
const endure = async (trial: Trial, all: ReadonlyArray<Begun>, options: FrameLossOptions): Promise<void> => {
  const part = Math.ceil(options.frames / (options.kills + 1))
  for (let kill = 1; kill <= options.kills; kill++) {
    await Promise.all(all.map((begun) => awaitFrames(trial, begun, begun.since, kill * part)))
    await trial.service.end("SIGKILL")
    await trial.service.start()
  }
  await Promise.all(all.map((begun) => awaitFrames(trial, begun, begun.since, options.frames)))
}

const told = (value: number | null): number | string => value ?? "not measured"

/** Frames that are skipped and packets that are lost, by chance and in runs, against what is reported of them. */
export const measureFrameLoss = async (options: FrameLossOptions): Promise<ReadonlyArray<Verdict>> => {
  const { shares, segmentSeconds } = options
  const cameras = [...shares.flatMap(skipping), ...shares.flatMap(losing), ...others]
  const environment = { RECORDING_SEGMENT_DURATION: String(segmentSeconds) }
  const simulated = cameras.map((camera, at) => ({ ...camera.options, path: `loss${at}` }))
  return Trial.run({ ...options, environment, cameras: simulated }, async (trial) => {
    const thrownAwayBefore = datagramsThrownAway()
    const all = await Promise.all(cameras.map((camera, at) => begin(trial, camera, `loss${at}`)))
    await endure(trial, all, options)
    await Promise.all(all.map((begun) => endFault(trial, begun)))
    await trial.stopAll(all.map(({ id }) => id))
    const accounts = await Promise.all(all.map((begun) => accountOf(trial, begun)))
    const thrownAway = datagramsThrownAway() - thrownAwayBefore
    const of = (kind: Condition["kind"], transport: "tcp" | "udp") =>
      accounts.filter(({ camera }) => camera.fault.kind === kind && camera.transport === transport)
    const udp = of("packetLoss", "udp")
    const reported = udp.reduce((sum, { lostPackets }) => sum + (lostPackets ?? Number.NaN), 0)
    const lost = udp.reduce((sum, { truth }) => sum + truth.packetsLost, 0)
    const isExact = (one: LossAccount) => one.lostPackets === one.truth.packetsLost
    return [
      {
        name: "frame_loss.missing",
        figures: {
          ...Object.fromEntries(
            of("frameSkip", "tcp").map((one) => [
              one.camera.name,
              `${told(one.missingFrames)} of ${one.truth.framesSkipped} among ${one.truth.framesSent}`,
            ]),
          ),
          worst_points_off: rounded(greatest(of("frameSkip", "tcp").map(pointsOff))),
        },
        target: `missing of expected frames within ${mostPoints} percentage points, always measured`,
        met: of("frameSkip", "tcp").every((one) => pointsOff(one) <= mostPoints),
      },
      {
        name: "frame_loss.lost_packets",
        figures: {
          ...Object.fromEntries(
            udp.map((one) => [one.camera.name, `${told(one.lostPackets)} of ${one.truth.packetsLost}`]),
          ),
          thrown_away_by_this_machine: thrownAway,
        },
        target: "as many as the camera dropped (and this machine, where its buffers were full)",
        met: thrownAway === 0 ? udp.every(isExact) : reported >= lost && reported <= lost + thrownAway,
      },
      {
        name: "frame_loss.damaged_frames",
        figures: Object.fromEntries(
          udp.map((one) => [
            one.camera.name,
            `at most ${told(one.damagedFramesAtMost)}, truly ${one.truth.framesAffected} of ${one.frames}`,
          ]),
        ),
        target:
          "never less than the frames that lost a packet or are predicted from one, and none without loss",
        met: udp.every(
          ({ damagedFramesAtMost, truth, lostPackets }) =>
            damagedFramesAtMost !== null &&
            damagedFramesAtMost >= truth.framesAffected &&
            (lostPackets !== 0 || damagedFramesAtMost === 0),
        ),
      },
      {
        name: "frame_loss.not_measured",
        figures: {
          damaged_over_tcp: told(of("packetLoss", "tcp")[0]?.damagedFramesAtMost ?? null),
          missing_at_unsteady_rate: told(of("unsteadyRate", "tcp")[0]?.missingFrames ?? null),
        },
        target: "not measured: damage over TCP, missing frames of a rate that varies by more than 20 %",
        met:
          accounts.every((one) => one.camera.transport === "udp" || one.damagedFramesAtMost === null) &&
          of("unsteadyRate", "tcp").every((one) => one.missingFrames === null),
      },
    ]
  })
}
