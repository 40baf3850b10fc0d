import { once } from "node:events"
import { connect, createServer } from "node:net"
import type { Socket } from "node:net"
import { expect, it, onTestFinished } from "vitest"
import type { PacketTrain } from "../../../src/demo/simulator/PacketTrain.ts"
import { PlayerGroup } from "../../../src/demo/simulator/PlayerGroup.ts"
import { RtpStream } from "../../../src/demo/simulator/RtpStream.ts"
import { packetizeVideo } from "../../../src/demo/simulator/rtpPacketizer.ts"
import { RtspSession } from "../../../src/demo/simulator/RtspSession.ts"
import { seededRandom } from "../../../src/demo/simulator/seededRandom.ts"
import { UdpSender } from "../../../src/demo/simulator/UdpSender.ts"

const maximumUnsentBytes = 100_000

const socketPair = async (): Promise<{ near: Socket; far: Socket }> => {
  const server = createServer({ noDelay: true, pauseOnConnect: true }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const accepted = once(server, "connection")
  const far = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1")
  const [near] = await accepted
  onTestFinished(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { near, far }
}

const trainOf = (isKeyframe: boolean): PacketTrain =>
  packetizeVideo(
    "h264",
    { parameterSets: [], nals: [Buffer.alloc(20_000, isKeyframe ? 0x65 : 0x41)], isKeyframe },
    { payloadType: 96, channel: 0 },
  )

/** RTP sequence numbers of the interleaved packets; fails where the bytes are not such packets. */
const packetNumbers = (bytes: Buffer): Array<number> => {
  const numbers: Array<number> = []
  for (let offset = 0; offset < bytes.length; offset += 4 + bytes.readUInt16BE(offset + 2)) {
    expect(bytes.readUInt16BE(offset)).toBe(0x2400)
    numbers.push(bytes.readUInt16BE(offset + 6))
  }
  return numbers
}

it("withholds frames from a client that does not read, keeps no more than it may, and spoils nothing", async () => {
  const { near, far } = await socketPair()
  const udp = await UdpSender.open("127.0.0.1")
  onTestFinished(() => udp.close())
  const random = seededRandom(1, "test")
  const group = new PlayerGroup(maximumUnsentBytes, random)
  const session = new RtspSession("id", near, udp)
  session.tracks.set(0, { kind: "tcp", rtpChannel: 0, rtcpChannel: 1 })
  session.play(0, true)
  group.add(session)
  const stream = new RtpStream(90_000, random)
  const [keyframe, other] = [trainOf(true), trainOf(false)]
  let sequence = 0
  const sendFrame = (train: PacketTrain): void => {
    sequence += 1
    const receivers = group.videoReceivers(train.isKeyframe)
    if (receivers.length === 0) return
    stream.claim(train, sequence * 40, { sequence, sentAtMillis: sequence })
    group.send(train, { track: 0, receivers }, sequence, { probability: 0, meanRun: 1 })
  }

  sendFrame(other)
  expect(group.counters(sequence).framesSent).toBe(0)
  for (sendFrame(keyframe); group.counters(sequence).framesNotSent < 20;) sendFrame(other)
  expect(near.writableLength).toBeGreaterThan(maximumUnsentBytes)
  expect(near.writableLength).toBeLessThan(maximumUnsentBytes + 25_000)

  const received: Array<Buffer> = []
  far.on("data", (bytes) => received.push(bytes))
  await once(near, "drain")
  sendFrame(other)
  expect(group.counters(sequence).framesNotSent).toBe(21)
  sendFrame(keyframe)
  sendFrame(other)
  near.end()
  await once(far, "end")

  const numbers = packetNumbers(Buffer.concat(received))
  const first = numbers[0] ?? 0
  expect(numbers).toEqual(numbers.map((_, index) => (first + index) % 65_536))
  const counters = group.counters(sequence)
  expect(counters.packetsSent).toBe(numbers.length)
  expect(counters.sessions[0]).toMatchObject({
    firstSequence: 2,
    lastSequence: sequence,
    framesSent: sequence - 1 - 21,
    framesNotSent: 21,
    framesSkipped: 0,
  })
})
