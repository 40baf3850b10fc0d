/**
 * Puts off what depends on where a camera's recording ends until its run has ended.
 *
 * A stall or an operator's stop is known before FFmpeg is gone, and FFmpeg still writes its last fragment when it is
 * told to end. What is put off happens in its order; without a living run it happens at once.
 */
export class AfterRun {
  readonly #isRunning: (cameraId: number) => boolean
  readonly #waiting = new Map<number, ReadonlyArray<() => void>>()

  constructor(isRunning: (cameraId: number) => boolean) {
    this.#isRunning = isRunning
  }

  whenEnded(cameraId: number, act: () => void): void {
    const waiting = this.#waiting.get(cameraId)
    if (waiting === undefined && !this.#isRunning(cameraId)) act()
    else this.#waiting.set(cameraId, [...(waiting ?? []), act])
  }

  ended(cameraId: number): void {
    const waiting = this.#waiting.get(cameraId) ?? []
    this.#waiting.delete(cameraId)
    for (const act of waiting) act()
  }
}
