import * as Redacted from "effect/Redacted"
import type { DatabaseSettings } from "../config/Settings.ts"

const placeOf = (host: string, port: number | string): string =>
  host.startsWith("/") ? `${host} (port ${port})` : `${host.includes(":") ? `[${host}]` : host}:${port}`

const placeOfUrl = (text: string): string => {
  try {
    const { hostname, port, searchParams } = new URL(text)
    const host = searchParams.get("host") ?? decodeURIComponent(hostname.replace(/^\[(.*)\]$/, "$1"))
    return placeOf(host === "" ? "localhost" : host, searchParams.get("port") ?? (port === "" ? 5432 : port))
  } catch {
    // The client refuses such a URL too, and says why.
    return "DATABASE_URL"
  }
}

/** Host and port of a database, or the directory of its socket, for people to read: neither user nor password. */
export const databasePlace = (settings: Exclude<DatabaseSettings, { readonly kind: "embedded" }>): string =>
  settings.kind === "url" ? placeOfUrl(Redacted.value(settings.url)) : placeOf(settings.host, settings.port)
