/** The parts of a URL that may be kept and shown in plain; the rest can hold a password. */
const plainUrl = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^/?#@]*)(\/[^?#]*)?/i

/** A name or address, and a port: a password with a slash in it looks like a host without one. */
export const isPlainHost = (host: string): boolean =>
  /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?$/i.test(host)

/**
 * A path up to its first part that looks like a parameter, which `hidden` stands for.
 *
 * Cameras exist that take user and password there: `/user=admin&password=x&channel=1`.
 */
export const plainPath = (path: string, hidden: string): string => {
  const segments = path.split("/")
  const firstSecret = segments.findIndex((segment) => /[=&;@]/.test(segment))
  return (firstSecret < 0 ? segments : [...segments.slice(0, firstSecret), hidden]).join("/")
}

/**
 * The address of a camera without anything that could be a secret: scheme, host, port, and the path up to the
 * first part that looks like a parameter. User, password, query and fragment are left out.
 */
export const cameraAddress = (url: string): string => {
  const [, scheme, host, path = ""] = plainUrl.exec(url) ?? []
  if (scheme === undefined || host === undefined) return ""
  return isPlainHost(host) ? scheme + host + plainPath(path, "...") : `${scheme}...`
}
