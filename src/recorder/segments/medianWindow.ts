/** The last `capacity` numbers of a series, kept sorted too, so that their median costs nothing. */
export class MedianWindow {
  readonly #capacity: number
  readonly #sorted: Float64Array
  #values: Array<number> = []

  constructor(capacity: number, values: ReadonlyArray<number> = []) {
    this.#capacity = capacity
    this.#sorted = new Float64Array(capacity)
    this.replaceWith(values)
  }

  get values(): ReadonlyArray<number> {
    return this.#values
  }

  push(value: number): void {
    const dropped = this.#values.length === this.#capacity ? this.#values.shift() : undefined
    if (dropped !== undefined) {
      this.#sorted.copyWithin(this.#rankOf(dropped), this.#rankOf(dropped) + 1, this.#capacity)
    }
    const rank = this.#rankOf(value)
    this.#sorted.copyWithin(rank + 1, rank, this.#values.length)
    this.#sorted[rank] = value
    this.#values.push(value)
  }

  replaceWith(values: ReadonlyArray<number>): void {
    this.#values = values.slice(-this.#capacity)
    this.#sorted.set(this.#values)
    this.#sorted.subarray(0, this.#values.length).sort()
  }

  /** The lower of the two middle values of an even count; `null` while empty. */
  median(): number | null {
    const count = this.#values.length
    return count === 0 ? null : (this.#sorted[(count - 1) >> 1] ?? null)
  }

  /** Median deviation from the median, relative to it; 0 while empty. */
  spread(): number {
    const median = this.median() ?? 0
    if (median <= 0) return 0
    const deviations = this.#values.map((value) => Math.abs(value - median)).toSorted(ascending)
    return (deviations[(deviations.length - 1) >> 1] ?? 0) / median
  }

  /** How many values are smaller. The value that `push` drops has just left `#values` but not the order. */
  #rankOf(value: number): number {
    let low = 0
    let high = this.#values.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}

const ascending = (left: number, right: number): number => left - right
