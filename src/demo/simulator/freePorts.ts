import { randomInt } from "node:crypto"

/**
 * Ports to try, in random order without end in sight.
 *
 * All lie below 32768, where Linux starts to pick the source ports of connections: a camera that closes its
 * port finds it free again, and no client can be connected to itself by chance.
 */
export const freePortCandidates = function* (): Generator<number> {
  for (let tries = 0; tries < 1000; tries += 1) yield randomInt(20000, 32000)
}
