import type { VigiaService } from "../support/VigiaService.ts"

interface Sighting {
  readonly atMillis: number
  readonly path: string
  readonly status: number
  readonly millis: number
}

const restMillis = 100

/** Asks a service again and again how it is, from the construction until `stop`. */
export class AwayProbe {
  readonly #sightings: Array<Sighting> = []
  readonly #polling: Promise<unknown>
  #isOver = false

  /** @param paths what is asked for, all at the same time */
  constructor(service: VigiaService, paths: ReadonlyArray<string>) {
    this.#polling = Promise.all(paths.map((path) => this.#poll(service, path)))
  }

  async #poll(service: VigiaService, path: string): Promise<void> {
    while (!this.#isOver) {
      const atMillis = Date.now()
      const startedAt = performance.now()
      const { status } = await service.request("GET", path)
      this.#sightings.push({ atMillis, path, status, millis: performance.now() - startedAt })
      await new Promise((passed) => setTimeout(passed, restMillis))
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#polling
  }

  /** Answers to a path (or its beginning), in the order in which they were asked for. */
  of(path: string): ReadonlyArray<Sighting> {
    return this.#sightings.filter((sighting) => sighting.path.startsWith(path))
  }
}
