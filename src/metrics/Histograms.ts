import { Histogram } from "prom-client"

/** An answered request of the HTTP API. */
export interface AnsweredRequest {
  readonly method: string
  /** The pattern, never the path: `/api/cameras/:id`. */
  readonly route: string
  /** Of three digits. */
  readonly status: number
  readonly seconds: number
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

/** What is observed as it happens; kept for the life of the service. */
export class Histograms {
  readonly #recovery = new Histogram({
    name: "vigia_recovery_seconds",
    help: "How long outages of cameras took, as their gaps in the coverage",
    // From a crash that is noticed at once, over backoff, to a camera that a person has to repair.
    buckets: [1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900, 3600],
    registers: [],
  })
  readonly #sync = new Histogram({
    name: "vigia_disk_sync_duration_seconds",
    help: "How long syncs took that bring recordings onto the medium",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [],
  })
  readonly #request = new Histogram({
    name: "vigia_http_request_duration_seconds",
    help: "How long answers took, by the pattern of the route and the class of the status",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [],
  })
  /** In the order in which they are told. */
  readonly all = [this.#recovery, this.#sync, this.#request] as const

  recovered(seconds: number): void {
    this.#recovery.observe(seconds)
  }

  synced(seconds: number): void {
    this.#sync.observe(seconds)
  }

  /** A method that a client made up is `other`: labels stay few, whatever is asked. */
  answered({ method, route, status, seconds }: AnsweredRequest): void {
    this.#request.observe(
      {
        method: methods.has(method) ? method : "other",
        route,
        status: `${Math.floor(status / 100)}xx`,
      },
      seconds,
    )
  }
}
