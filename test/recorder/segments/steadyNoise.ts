/** Seeded random numbers in [0, 1): the same in every run of the tests. */
export const steadyNoise = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x8000_0000
  }
}
