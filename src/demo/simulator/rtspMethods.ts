import { areCredentialsRight, challenge } from "./credentialsCheck.ts"
import { targetOf } from "./rtspMessage.ts"
import type { RtspAnswer, RtspRequest } from "./rtspMessage.ts"
import type { RtspSession, TrackTransport } from "./RtspSession.ts"
import { brokenSdp } from "./sdp.ts"
import type { SimulatedCamera } from "./SimulatedCamera.ts"

const methods = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

/** What an answer may depend on. */
export interface RequestContext {
  readonly camera: SimulatedCamera
  readonly session: RtspSession
  readonly nonce: string
  readonly clientAddress: string
  readonly serverRtpPort: number
  readonly wallMillis: () => number
}

/** The answer to a request for a camera that answers at all, its faults considered. */
export const answerRequest = (request: RtspRequest, context: RequestContext): RtspAnswer => {
  const { camera, session, nonce } = context
  const failure = camera.faults.get("status")
  if (failure !== undefined && request.method === (failure.method ?? "DESCRIBE")) {
    return { statusCode: failure.statusCode }
  }
  const required = camera.faults.get("credentials")?.credentials
  if (required && request.method !== "OPTIONS" && !areCredentialsRight(request, required, nonce)) {
    return { statusCode: 401, headers: { "WWW-Authenticate": challenge(required, nonce) } }
  }
  const namedSession = request.headers.get("session")?.split(";")[0]
  if (namedSession !== undefined && namedSession !== session.id) return { statusCode: 454 }
  const sessionHeader = { Session: `${session.id};timeout=60` }
  switch (request.method) {
    case "OPTIONS":
      return { statusCode: 200, headers: { Public: methods } }
    case "DESCRIBE":
      return describe(request, camera)
    case "SETUP":
      return setUp(request, context)
    case "PLAY":
      if (session.ledger !== null) return { statusCode: 454 }
      if (session.tracks.size === 0) return { statusCode: 454 }
      return {
        statusCode: 200,
        headers: { ...sessionHeader, Range: "npt=now-" },
        afterwards: () => {
          session.play(context.wallMillis(), camera.startAtKeyframe)
          camera.players.add(session)
        },
      }
    case "GET_PARAMETER":
    case "SET_PARAMETER":
      return { statusCode: 200, headers: sessionHeader }
    case "TEARDOWN":
      return {
        statusCode: 200,
        headers: sessionHeader,
        afterwards: () => camera.players.remove(session, context.wallMillis()),
      }
    default:
      return { statusCode: 501 }
  }
}

const describe = (request: RtspRequest, camera: SimulatedCamera): RtspAnswer => {
  camera.players.described()
  return {
    statusCode: 200,
    headers: { "Content-Base": `${request.url.replace(/\/$/u, "")}/`, "Content-Type": "application/sdp" },
    body: camera.faults.has("brokenSdp") ? brokenSdp : camera.sdp,
  }
}

const setUp = (request: RtspRequest, context: RequestContext): RtspAnswer => {
  const { camera, session, serverRtpPort } = context
  const named = targetOf(request.url).track
  // A broken description names no track, and such a camera does not mind.
  const track = named === null && camera.faults.has("brokenSdp") ? 0 : named
  if (track === null) return { statusCode: 459 }
  if (track >= camera.trackCount) return { statusCode: 404 }
  const asked = request.headers.get("transport") ?? ""
  const transport = transportOf(asked, track, context.clientAddress)
  if (transport === null) return { statusCode: 461 }
  session.tracks.set(track, transport)
  const agreed =
    transport.kind === "tcp"
      ? `RTP/AVP/TCP;unicast;interleaved=${transport.rtpChannel}-${transport.rtcpChannel}`
      : `RTP/AVP;unicast;client_port=${transport.rtpPort}-${transport.rtcpPort};` +
        `server_port=${serverRtpPort}-${serverRtpPort + 1}`
  return { statusCode: 200, headers: { Session: `${session.id};timeout=60`, Transport: agreed } }
}

/** What a `Transport` header asks for (RFC 2326, 12.39), or null when it is not to be had. */
const transportOf = (asked: string, track: number, address: string): TrackTransport | null => {
  if (/RTP\/AVP\/TCP/u.test(asked)) {
    const channels = /interleaved=(\d+)-(\d+)/u.exec(asked)
    const rtpChannel = channels === null ? track * 2 : Number(channels[1])
    const rtcpChannel = channels === null ? track * 2 + 1 : Number(channels[2])
    return rtpChannel > 255 || rtcpChannel > 255 ? null : { kind: "tcp", rtpChannel, rtcpChannel }
  }
  const ports = /client_port=(\d+)-(\d+)/u.exec(asked)
  if (ports === null || /multicast/u.test(asked)) return null
  return { kind: "udp", address, rtpPort: Number(ports[1]), rtcpPort: Number(ports[2]) }
}
