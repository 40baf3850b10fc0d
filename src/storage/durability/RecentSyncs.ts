const spanMillis = 60_000

interface EndedSync {
  readonly endedMillis: number
  readonly tookMillis: number
}

/** How long the syncs of the last minute took. All times are monotonic milliseconds. */
export class RecentSyncs {
  #ended: ReadonlyArray<EndedSync> = []

  add(sync: EndedSync): void {
    this.#ended = [...this.#recent(sync.endedMillis), sync]
  }

  /** With the one in flight since `startedMillis`, where there is one. */
  millis(nowMillis: number, startedMillis: number | null): ReadonlyArray<number> {
    const ended = this.#recent(nowMillis).map(({ tookMillis }) => tookMillis)
    return startedMillis === null ? ended : [...ended, nowMillis - startedMillis]
  }

  #recent(nowMillis: number): ReadonlyArray<EndedSync> {
    return this.#ended.filter(({ endedMillis }) => endedMillis > nowMillis - spanMillis)
  }
}
