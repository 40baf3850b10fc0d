import { cameraAddress } from "../domain/cameraAddress.ts"
import { hidden } from "../logging/redact.ts"

/** Shorter ones alone would be found in any text; with their user, or in their URL, they are found all the same. */
const leastSecretLength = 4

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** As it is, as it is sent, and as another program may write it. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const plain = decoded(secret)
  return [secret, plain, encodeURIComponent(secret), encodeURIComponent(plain)]
}

/** Who is named before this `@` and by which password. */
const credentialForms = (user: string): ReadonlyArray<string> => {
  const colon = user.indexOf(":")
  const password = colon < 0 ? user : user.slice(colon + 1)
  return [...formsOf(user), ...formsOf(password), Buffer.from(decoded(user)).toString("base64")].filter(
    ({ length }) => length >= leastSecretLength,
  )
}

const secretForms = (url: string): ReadonlyArray<string> => {
  const rest = url.slice(url.indexOf("://") + 3)
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ""
  // A password that holds a slash: FFmpeg and people disagree about which `@` ends it.
  const ends = [authority.lastIndexOf("@"), rest.lastIndexOf("@")].filter((at) => at >= 0)
  const path = rest.slice(authority.length)
  const [plain = "", query = ""] = path.split(/[?#](.*)/s)
  const secretSegments = plain.split("/").filter((segment) => /[=&;@]/.test(segment))
  return [
    ...ends.flatMap((at) => credentialForms(rest.slice(0, at))),
    ...[...secretSegments, query].filter(({ length }) => length >= leastSecretLength).flatMap(formsOf),
  ]
}

/**
 * A text in which the URL of a camera is its address, and no part of it that may be secret stands: user and password,
 * parameters in the path, query, each as given, decoded and encoded.
 *
 * FFmpeg prints the URL that it was given, with whatever people put into it.
 */
export const withoutCameraUrl = (text: string, url: string): string =>
  secretForms(url)
    .toSorted((a, b) => b.length - a.length)
    .reduce(
      (clean, secret) => clean.replaceAll(secret, hidden),
      text.replaceAll(url, () => cameraAddress(url)),
    )
