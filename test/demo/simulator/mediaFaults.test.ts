import { describe, expect, it } from "vitest"
import type { ReceivedPacket, RtspTestClient } from "./RtspTestClient.ts"
import { playing, startSimulator } from "./simulatorFixture.ts"

/** Steps of the RTP timestamp between the frames received, in seconds, signed. */
const steps = (packets: ReadonlyArray<ReceivedPacket>, clockRate: number): Array<number> => {
  const times = packets.filter(({ marker }) => marker).map(({ timestamp }) => timestamp)
  return times.slice(1).map((time, index) => ((time - (times[index] ?? 0)) | 0) / clockRate)
}

const frameSteps = (client: RtspTestClient): Array<number> => steps(client.packetsOn(0), 90_000)

const sequenceNumbers = (client: RtspTestClient): Array<number> =>
  client.stamps().map(({ sequence }) => sequence)

describe("faults of the media", () => {
  it("has none without a fault: numbers and times go on evenly, over the end of the clip too", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const client = await playing(server.camera("cam").url)
    await client.untilFrames(105)
    const numbers = sequenceNumbers(client)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
    expect(new Set(frameSteps(client))).toEqual(new Set([0.04]))
    const packets = client.packetsOn(0)
    const gaps = packets.filter((packet, index) => {
      const previous = packets[index - 1]
      return previous !== undefined && packet.sequence !== (previous.sequence + 1) % 65536
    })
    expect(gaps).toEqual([])
    expect((client.packets[0]?.payload.readUInt8(0) ?? 0) & 0x1f).toBe(7)
  })

  it("jumps in time, forward and back, and runs fast or slow", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    const client = await playing(camera.url)
    await client.untilFrames(2)
    for (const seconds of [30, -30]) {
      await camera.set({ kind: "timestampJump", seconds })
      await client.untilFrames(2)
    }
    const jumps = frameSteps(client).filter((step) => step !== 0.04)
    expect(jumps.map((step) => Math.round(step * 100) / 100)).toEqual([30.04, -29.96])
    await camera.set({ kind: "clockRate", partsPerMillion: 10_000 })
    await client.untilFrames(3)
    expect(frameSteps(client).at(-1)).toBeCloseTo(0.0404, 5)
    await camera.clear("clockRate")
    await client.untilFrames(3)
    expect(frameSteps(client).at(-1)).toBe(0.04)
  })

  it("stalls: numbers and time pass, nothing is sent, what follows decodes on", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    const client = await playing(camera.url)
    await client.untilFrames(5)
    await camera.set({ kind: "stall" })
    while ((await camera.counters()).framesSkipped < 5) await client.ask("GET_PARAMETER")
    await camera.clear("stall")
    await client.untilFrames(5)
    const [session] = (await camera.counters()).sessions
    const numbers = sequenceNumbers(client)
    const hole = Math.max(...numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0)))
    expect(hole - 1).toBe(session?.framesSkipped)
    expect(Math.max(...frameSteps(client))).toBeCloseTo(hole * 0.04, 5)
  })

  it("pauses: time passes, numbers do not", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    const client = await playing(camera.url)
    await client.untilFrames(2)
    const pauses: Array<number> = []
    // A frame that is late when the pause begins lengthens it.
    for (let time = 0; time < 5 && !pauses.some((step) => step <= 0.24); time += 1) {
      const before = frameSteps(client).length
      await camera.set({ kind: "videoPause", durationMillis: 200 })
      await client.untilFrames(3)
      pauses.push(Math.max(...frameSteps(client).slice(before)))
    }
    const numbers = sequenceNumbers(client)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0.2)
    expect(Math.min(...pauses)).toBeLessThanOrEqual(0.24)
  })

  it("skips the same frames for the same seed, and counts each of them", async () => {
    const faults = [{ kind: "frameSkip", probability: 0.2 }] as const
    const received = await Promise.all(
      [1, 2].map(async () => {
        const server = await startSimulator([{ path: "cam", faults }], { seed: 7 })
        const client = await playing(server.camera("cam").url)
        // Long enough to overlap although the two may start a GOP apart.
        await client.untilFrames(60)
        const [session] = (await server.camera("cam").counters()).sessions
        const numbered = (session?.lastSequence ?? 0) - (session?.firstSequence ?? 0) + 1
        expect(numbered - (session?.framesSkipped ?? 0)).toBe(session?.framesSent)
        return sequenceNumbers(client)
      }),
    )
    const first = Math.max(...received.map((numbers) => numbers[0] ?? 0))
    const last = Math.min(...received.map((numbers) => numbers.at(-1) ?? 0))
    const [one, other] = received.map((numbers) => numbers.filter((each) => each >= first && each <= last))
    expect(one).toEqual(other)
    expect(one?.length).toBeLessThan(last - first + 1)
    expect(one?.length).toBeGreaterThan(15)
  })

  it("loses packets: a gap in the sequence numbers for each one, and the frames they belong to", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    const client = await playing(camera.url)
    await client.untilFrames(1)
    await camera.set({ kind: "packetLoss", probability: 0.1 })
    while ((await camera.counters()).framesDamaged < 5) await client.untilFrames(1)
    await camera.clear("packetLoss")
    await client.untilFrames(2)
    const packets = client.packetsOn(0)
    const missing = packets.slice(1).map((packet, index) => {
      const previous = packets[index]?.sequence ?? 0
      return ((packet.sequence - previous + 65536) % 65536) - 1
    })
    const counters = await camera.counters()
    expect(missing.reduce((sum, gap) => sum + gap, 0)).toBe(counters.packetsLost)
    expect(counters.framesDamaged).toBeLessThanOrEqual(counters.packetsLost)
    expect(counters.framesAffected).toBeGreaterThanOrEqual(counters.framesDamaged)
  })

  it("changes the picture at a keyframe with parameter sets in band, and the codec by hanging up", async () => {
    const server = await startSimulator([{ path: "cam" }])
    const camera = server.camera("cam")
    const client = await playing(camera.url)
    await client.untilFrames(1)
    const parameterSets = (): Set<string> =>
      new Set(
        client
          .packetsOn(0)
          .filter(({ payload }) => (payload.readUInt8(0) & 0x1f) === 7)
          .map(({ payload }) => payload.toString("hex")),
      )
    await camera.set({ kind: "switchClip", clip: "h264-720p" })
    await client.until(() => parameterSets().size === 2)
    await client.untilFrames(2)
    const numbers = sequenceNumbers(client)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
    await camera.set({ kind: "switchClip", clip: "hevc-360p" })
    expect(await client.ended).toBe("fin")
    const again = await playing(camera.url)
    await again.untilFrames(2, "hevc")
    expect(again.stamps("hevc")[0]?.sequence).toBeGreaterThan(numbers.at(-1) ?? 0)
  })

  it("announces audio it does not send, stops it and returns with it", async () => {
    const server = await startSimulator([{ path: "cam", audio: "aac", faults: [{ kind: "audioSilent" }] }])
    const camera = server.camera("cam")
    const client = await playing(camera.url, 2)
    await client.untilFrames(10)
    expect(client.packetsOn(2)).toEqual([])
    await camera.clear("audioSilent")
    await client.until(() => client.packetsOn(2).length >= 3)
    expect(new Set(steps(client.packetsOn(2), 16_000))).toEqual(new Set([0.064]))
    await camera.set({ kind: "audioSilent" })
    const heard = client.packetsOn(2).length
    await client.untilFrames(10)
    expect(client.packetsOn(2).length).toBe(heard)
  })

  it("starts at once where it need not wait for a keyframe", async () => {
    const server = await startSimulator([{ path: "cam", video: "h264-360p-low", startAtKeyframe: false }])
    const camera = server.camera("cam")
    while ((await camera.counters()).lastSequence < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    const client = await playing(camera.url)
    await client.untilFrames(1)
    expect(client.stamps()[0]?.sequence).toBeLessThan(20)
  })
})
