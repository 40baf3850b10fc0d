import type { VigiaEvent } from "../domain/VigiaEvent.ts"

/** An event as it was published; ids grow, and are told apart from those of another life of the service. */
export interface JournalEntry {
  /** `<life>-<sequence>`. */
  readonly id: string
  /** When it was published. */
  readonly atMillis: number
  readonly event: VigiaEvent
}

/** What a reader finds after the id that it names. */
export interface JournalReading {
  /** The oldest first. */
  readonly entries: ReadonlyArray<JournalEntry>
  /** How many came before them and are kept no more; null where that cannot be known: the id is of another life. */
  readonly missed: number | null
  /** The entries are those between these two ids; the second is the one to read after next. */
  readonly fromId: string
  readonly lastId: string
}

/** The last events of one life of the service: a ring, of which readers hold nothing but an id. */
export class EventRing {
  readonly #life: string
  readonly #capacity: number
  readonly #entries: Array<JournalEntry> = []
  /** Of the newest entry; the first has 1. */
  #sequence = 0

  constructor(life: string, capacity: number) {
    this.#life = life
    this.#capacity = capacity
  }

  /** Of the newest entry, also before there is one. */
  get lastId(): string {
    return this.#idOf(this.#sequence)
  }

  add(event: VigiaEvent, atMillis: number): void {
    this.#sequence += 1
    this.#entries[this.#sequence % this.#capacity] = { id: this.lastId, atMillis, event }
  }

  /** At most `limit` entries after that of `afterId`; null stands for the oldest that is kept. */
  read(afterId: string | null, limit: number): JournalReading {
    const before = Math.max(0, this.#sequence - this.#capacity)
    const after = afterId === null ? before : this.#sequenceOf(afterId)
    const from = Math.max(before, after ?? before)
    const to = Math.min(this.#sequence, from + limit)
    return {
      entries: Array.from(
        { length: to - from },
        (_, at) => this.#entries[(from + 1 + at) % this.#capacity],
      ).filter((entry) => entry !== undefined),
      missed: after === null ? null : from - after,
      fromId: this.#idOf(from),
      lastId: this.#idOf(to),
    }
  }

  #idOf(sequence: number): string {
    return `${this.#life}-${sequence}`
  }

  /** Null for what this life never gave. */
  #sequenceOf(id: string): number | null {
    const sequence = id.startsWith(`${this.#life}-`) ? id.slice(this.#life.length + 1) : ""
    if (!/^(0|[1-9]\d{0,14})$/.test(sequence)) return null
    return Number(sequence) <= this.#sequence ? Number(sequence) : null
  }
}
