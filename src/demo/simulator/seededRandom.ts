import { createHash } from "node:crypto"

/** Uniform numbers in [0, 1). */
export type Random = () => number

/** Repeatable random numbers (mulberry32) from a seed and a name, so that cameras of one seed differ. */
export const seededRandom = (seed: number, name: string): Random => {
  let state = createHash("sha256").update(`${seed}:${name}`).digest().readUInt32BE(0)
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A random unsigned integer below `limit`. */
export const randomInteger = (random: Random, limit: number): number => Math.floor(random() * limit)
