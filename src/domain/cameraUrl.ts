import * as Schema from "effect/Schema"

const maximumLength = 2048
const schemes = ["rtsp:", "rtsps:"]

/** Why a text is no camera URL, or null if it is one. Never repeats the text: it may hold a password. */
export const cameraUrlFault = (text: string): string | null => {
  if (text.length > maximumLength) return `is longer than ${maximumLength} characters`
  // Only printable ASCII without space: nothing that could end an argument, a line or a header (RFC 3986).
  if (!/^[\x21-\x7e]+$/.test(text))
    return "holds spaces, control or non-ASCII characters: percent-encode them"
  if (!URL.canParse(text)) return "is no URL: expected rtsp://user:password@host:port/path"
  const url = new URL(text)
  if (!schemes.includes(url.protocol)) return "must begin with rtsp:// or rtsps://"
  if (!/^rtsps?:\/\//i.test(text) || url.hostname === "") return "has no host: expected rtsp://host/path"
  return null
}

/** An RTSP URL as it may be given to FFmpeg: `rtsp` or `rtsps`, a host, printable ASCII, at most 2048 characters. */
export const CameraUrl = Schema.String.check(
  Schema.makeFilter((text: string) => cameraUrlFault(text) ?? undefined, {
    expected: "an rtsp:// or rtsps:// URL",
  }),
)
