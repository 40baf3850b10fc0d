import { createHash } from "node:crypto"
import type { RequiredCredentials } from "./faults.ts"
import type { RtspRequest } from "./rtspMessage.ts"

const realm = "Simulated camera"

/** The `WWW-Authenticate` header that asks for credentials (RFC 2617). */
export const challenge = ({ scheme }: RequiredCredentials, nonce: string): string =>
  scheme === "basic" ? `Basic realm="${realm}"` : `Digest realm="${realm}", nonce="${nonce}"`

/** Whether a request carries the right credentials; digest as MD5, with or without `qop` (RFC 2617, 3.2.2). */
export const areCredentialsRight = (
  request: RtspRequest,
  required: RequiredCredentials,
  nonce: string,
): boolean => {
  const header = request.headers.get("authorization") ?? ""
  const { username, password } = required
  if (required.scheme === "basic") {
    return header === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
  }
  if (!header.startsWith("Digest ")) return false
  const given = digestParameters(header)
  if (given.get("username") !== username || given.get("nonce") !== nonce) return false
  const secret = md5(`${username}:${realm}:${password}`)
  const action = md5(`${request.method}:${given.get("uri") ?? ""}`)
  const qop = given.get("qop")
  const middle = qop === undefined ? nonce : [nonce, given.get("nc"), given.get("cnonce"), qop].join(":")
  return given.get("response") === md5(`${secret}:${middle}:${action}`)
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex")

const digestParameters = (header: string): Map<string, string> => {
  const parameters = new Map<string, string>()
  for (const [, name = "", quoted, bare] of header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/gu)) {
    parameters.set(name, quoted ?? bare ?? "")
  }
  return parameters
}
