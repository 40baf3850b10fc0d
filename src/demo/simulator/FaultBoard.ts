import type { Condition, ConditionKind } from "./faults.ts"

type ConditionOf<Kind extends ConditionKind> = Extract<Condition, { readonly kind: Kind }>

/** The conditions a camera is under, at most one of each kind. */
export class FaultBoard {
  readonly #conditions = new Map<ConditionKind, Condition>()

  set(condition: Condition): void {
    this.#conditions.set(condition.kind, condition)
  }

  clear(kind: ConditionKind): void {
    this.#conditions.delete(kind)
  }

  has(kind: ConditionKind): boolean {
    return this.#conditions.has(kind)
  }

  get<Kind extends ConditionKind>(kind: Kind): ConditionOf<Kind> | undefined {
    const condition = this.#conditions.get(kind)
    return condition !== undefined && isOfKind(condition, kind) ? condition : undefined
  }

  get kinds(): Array<ConditionKind> {
    return [...this.#conditions.keys()]
  }
}

const isOfKind = <Kind extends ConditionKind>(
  condition: Condition,
  kind: Kind,
): condition is ConditionOf<Kind> => condition.kind === kind
