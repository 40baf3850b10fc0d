import type { Random } from "./seededRandom.ts"

/** How often something is struck, and how many in a row at a time. */
export interface Striking {
  /** Of each one to be struck, in the long run; 0 to 1. */
  readonly probability: number
  /** Mean length of a run (geometric); 1: each one is struck or not for itself. */
  readonly meanRun: number
}

/** Strikes ones of a series by chance, alone or in runs (a chain of two states, as in the model of Gilbert). */
export class RandomRuns {
  readonly #random: Random
  #isStriking = false

  constructor(random: Random) {
    this.#random = random
  }

  /** Whether the next one is struck; draws a number only where something may be. */
  strikes({ probability, meanRun }: Striking): boolean {
    if (probability === 0) {
      this.#isStriking = false
      return false
    }
    if (meanRun <= 1) return this.#random() < probability
    const ending = 1 / meanRun
    // In the long run as many runs begin as end: p = beginning / (beginning + ending).
    const beginning = Math.min(1, (probability * ending) / (1 - probability))
    this.#isStriking = this.#isStriking ? this.#random() >= ending : this.#random() < beginning
    return this.#isStriking
  }
}
