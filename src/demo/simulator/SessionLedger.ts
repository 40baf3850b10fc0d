import type { SessionCounters } from "./counters.ts"

/** Keeps the counters of one playing client. */
export class SessionLedger {
  readonly #transport: "tcp" | "udp"
  readonly #startedAtMillis: number
  #endedAtMillis: number | null = null
  #firstSequence: number | null = null
  #lastSequence: number | null = null
  #framesSent = 0
  #framesSkipped = 0
  #framesNotSent = 0
  /** Since the last frame sent: part of the tail unless another frame follows. */
  #skippedSince = 0
  #notSentSince = 0

  constructor(transport: "tcp" | "udp", startedAtMillis: number) {
    this.#transport = transport
    this.#startedAtMillis = startedAtMillis
  }

  get hasReceived(): boolean {
    return this.#firstSequence !== null
  }

  sent(sequence: number): void {
    this.#firstSequence ??= sequence
    this.#lastSequence = sequence
    this.#framesSent += 1
    this.#framesSkipped += this.#skippedSince
    this.#framesNotSent += this.#notSentSince
    this.#skippedSince = 0
    this.#notSentSince = 0
  }

  skipped(): void {
    this.#skippedSince += 1
  }

  notSent(): void {
    this.#notSentSince += 1
  }

  end(endedAtMillis: number): void {
    this.#endedAtMillis ??= endedAtMillis
  }

  counters(): SessionCounters {
    return {
      transport: this.#transport,
      startedAtMillis: this.#startedAtMillis,
      endedAtMillis: this.#endedAtMillis,
      firstSequence: this.#firstSequence,
      lastSequence: this.#lastSequence,
      framesSent: this.#framesSent,
      framesSkipped: this.#framesSkipped,
      framesNotSent: this.#framesNotSent,
    }
  }
}
