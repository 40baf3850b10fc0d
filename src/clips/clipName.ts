import { createHash } from "node:crypto"

const longestName = 100
/** One character may become several letters, and a name of a file has 255 bytes at most. */
const longestSlug = 100

/**
 * What is wrong with the name of a clip; null where nothing is.
 *
 * A name is text for people, and still nothing that could be taken for a path is let in.
 */
export const faultOfName = (name: string): string | null => {
  if (!name.isWellFormed() || /\p{C}/u.test(name)) return "must be text without control characters"
  if (name.trim() === "") return "must not be empty"
  if (name.length > longestName) return `must have at most ${longestName} characters`
  if (/[/\\]/.test(name)) return "must not hold / or \\"
  return name.startsWith(".") ? "must not begin with a point" : null
}

/**
 * The name of a clip's file, without its ending, made from the name that was asked for: `Front door` gives `front-door`.
 *
 * Only small letters, digits and hyphens. Letters of other scripts are told apart by a hash; the same name always
 * gives the same file, so that a name that is used twice is found out.
 */
export const slugOf = (name: string): string => {
  const plain = name.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase()
  const slug = plain.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "")
  const cut = slug.slice(0, longestSlug).replace(/-$/, "")
  const isTold = !/[^a-z0-9\p{P}\p{S}\p{Z}]/u.test(plain) && slug !== "" && cut === slug
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12)
  return isTold ? slug : [cut || "clip", hash].join("-")
}
