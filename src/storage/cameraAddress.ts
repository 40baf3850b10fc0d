/** The parts of a URL that may be kept and shown in plain; the rest can hold a password. */
const plainUrl = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^/?#@]*)(\/[^?#]*)?/i

/** A name or address, and a port: a password with a slash in it looks like a host without one. */
const plainHost = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?$/i

/** Cameras exist that take user and password in the path: `/user=admin&password=x&channel=1`. */
const isPlainPath = (path: string): boolean => !/[=&;@]/.test(path)

/**
 * The address of a camera without anything that could be a secret: scheme, host, port, and the path up to the
 * first part that looks like a parameter. User, password, query and fragment are left out.
 */
export const cameraAddress = (url: string): string => {
  const [, scheme, host, path = ""] = plainUrl.exec(url) ?? []
  if (scheme === undefined || host === undefined) return ""
  if (!plainHost.test(host)) return `${scheme}...`
  const segments = path.split("/")
  const firstSecret = segments.findIndex((segment) => !isPlainPath(segment))
  return scheme + host + (firstSecret < 0 ? segments : [...segments.slice(0, firstSecret), "..."]).join("/")
}
