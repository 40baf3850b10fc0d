/**
 * The clock inside a camera: media milliseconds as a function of this machine's monotonic milliseconds.
 *
 * Begins at 0, may run fast or slow and may step. RTP timestamps and the NTP times of sender reports both come
 * from it, so they agree with each other, not with the wall.
 */
export class MediaClock {
  #originMonotonicMillis: number
  #originMediaMillis = 0
  #rate = 1

  constructor(monotonicMillis: number) {
    this.#originMonotonicMillis = monotonicMillis
  }

  mediaMillisAt(monotonicMillis: number): number {
    return this.#originMediaMillis + (monotonicMillis - this.#originMonotonicMillis) * this.#rate
  }

  setPartsPerMillion(partsPerMillion: number, monotonicMillis: number): void {
    this.#originMediaMillis = this.mediaMillisAt(monotonicMillis)
    this.#originMonotonicMillis = monotonicMillis
    this.#rate = 1 + partsPerMillion / 1_000_000
  }

  jump(seconds: number): void {
    this.#originMediaMillis += seconds * 1000
  }
}
