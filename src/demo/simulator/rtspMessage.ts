/** An RTSP request (RFC 2326, 6) without its body. Header names are in lower case. */
export interface RtspRequest {
  readonly method: string
  readonly url: string
  readonly headers: ReadonlyMap<string, string>
}

/** What a request is answered with; `afterwards` runs once the answer is written. */
export interface RtspAnswer {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly afterwards?: () => void
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  454: "Session Not Found",
  459: "Aggregate Operation Not Allowed",
  461: "Unsupported Transport",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
}

/** The first whole request at the start of `bytes` and its size with body; null when more bytes are needed. */
export const parseRequest = (bytes: Buffer): { request: RtspRequest; sizeBytes: number } | null => {
  const headEnd = bytes.indexOf("\r\n\r\n")
  if (headEnd < 0) return null
  const [requestLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n")
  const [method = "", url = ""] = requestLine.split(" ")
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(":")
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  const sizeBytes = headEnd + 4 + Number(headers.get("content-length") ?? 0)
  return bytes.length < sizeBytes ? null : { request: { method, url, headers }, sizeBytes }
}

/** The bytes of an answer to `request`. */
export const formatAnswer = (request: RtspRequest, answer: RtspAnswer): string => {
  const reason = reasons[answer.statusCode] ?? "Unknown"
  const lines = [`RTSP/1.0 ${answer.statusCode} ${reason}`, `CSeq: ${request.headers.get("cseq") ?? "0"}`]
  for (const [name, value] of Object.entries(answer.headers ?? {})) lines.push(`${name}: ${value}`)
  if (answer.body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(answer.body)}`)
  return `${lines.join("\r\n")}\r\n\r\n${answer.body ?? ""}`
}

/** The camera path and the track that a request URL names: `rtsp://host/cam1/trackID=0` is `cam1` and 0. */
export const targetOf = (url: string): { path: string; track: number | null } => {
  const path = url.replace(/^rtsp:\/\/[^/]*/u, "").replace(/^\/+|\/+$/gu, "")
  const control = /^(.*?)\/?trackID=(\d+)$/u.exec(path)
  return control === null ? { path, track: null } : { path: control[1] ?? "", track: Number(control[2]) }
}
