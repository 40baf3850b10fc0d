import { isPlainHost, plainPath } from "../domain/cameraAddress.ts"

/** Stands where a secret was. */
export const hidden = "***"

/** What follows the scheme, to the next white space: passwords hold quotes, brackets and slashes, too. */
const urlInText = /:\/\/(\S+)/g
const secretParameter = /([?&;/_][a-z_]*(?:pass[a-z]*|pwd|token|secret|auth|key)=)[^\s&;"'<>]+/gi
const authorizationHeader = /(authorization\s*[:=]\s*)[^\r\n]+/gi

/** A URL may stand at the end of a clause, or in quotes. */
const hostBeforePunctuation = /^(.*?)[:,;.)'"}>]*$/

const plainPart = (url: string): string => {
  const at = url.lastIndexOf("@")
  const user = at < 0 ? "" : `${hidden}@`
  const [, host = "", path = "", query = ""] = /^([^/?#]*)([^?#]*)(.*)$/.exec(url.slice(at + 1)) ?? []
  const named = hostBeforePunctuation.exec(host)?.[1] ?? ""
  if (named !== "" && !isPlainHost(named)) return user + hidden
  return user + host + plainPath(path, hidden) + (query === "" ? "" : `${query.charAt(0)}${hidden}`)
}

/**
 * Takes every secret that Vigia may meet out of a text: of URLs all but host and plain path (what is before the last
 * `@`, as people type passwords; parts of the path that look like parameters; queries), secret parameters and
 * Authorization headers.
 *
 * The second line of defence: who knows the URL that a text may hold takes it out verbatim (`recorder/withoutCameraUrl.ts`).
 */
export const redact = (text: string): string =>
  text
    .replaceAll(urlInText, (_, url: string) => `://${plainPart(url)}`)
    .replace(secretParameter, `$1${hidden}`)
    .replace(authorizationHeader, `$1${hidden}`)
