/** Stands where a secret was. */
export const hidden = "***"

const credentialsInUrl = /([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>]*@/gi
const secretParameter = /([?&;](?:[a-z_]*(?:pass(?:word|wd)?|pwd|token|secret|auth|key))=)[^\s&;"'<>]+/gi
const authorizationHeader = /(authorization\s*[:=]\s*)[^\r\n]+/gi

/**
 * Takes every secret that Vigia may meet out of a text: credentials and secret query parameters of URLs
 * (RFC 3986 userinfo; also a password that holds `@`, as people type it) and Authorization headers.
 *
 * FFmpeg prints the URL with its password on errors, so its log passes here before anybody keeps or shows it.
 */
export const redact = (text: string): string =>
  text
    .replace(credentialsInUrl, `$1${hidden}@`)
    .replace(secretParameter, `$1${hidden}`)
    .replace(authorizationHeader, `$1${hidden}`)
