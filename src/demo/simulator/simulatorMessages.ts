import type { CameraCounters } from "./counters.ts"
import type { ConditionKind, Fault } from "./faults.ts"
import type { CameraOptions, SimulatorOptions } from "./simulator.ts"

/** What the parent asks of a simulator in another process. */
export type SimulatorOrder =
  | { readonly kind: "start"; readonly options: SimulatorOptions }
  | { readonly kind: "addCamera"; readonly options: CameraOptions }
  | { readonly kind: "set"; readonly path: string; readonly fault: Fault }
  | { readonly kind: "clear"; readonly path: string; readonly condition: ConditionKind | null }
  | { readonly kind: "counters"; readonly path: string }

/** What comes of an order. */
export type SimulatorOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "cameras"; readonly cameras: ReadonlyArray<{ path: string; url: string }> }
  | { readonly kind: "counters"; readonly counters: CameraCounters }
  | { readonly kind: "failed"; readonly reason: string }

/** An order or an outcome under the number that joins them. */
export interface Numbered<Content> {
  readonly number: number
  readonly content: Content
}

/** Whether a message between the two processes is one of ours; they run the same code, so its shape is not doubted. */
export const isNumbered = <Content>(message: unknown): message is Numbered<Content> =>
  typeof message === "object" && message !== null && "number" in message && "content" in message
