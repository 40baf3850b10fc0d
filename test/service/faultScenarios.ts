import { connectionScenarios } from "./connectionScenarios.ts"
import type { FaultScenario } from "./FaultScenario.ts"
import { interruptionScenarios } from "./interruptionScenarios.ts"
import { mediaScenarios } from "./mediaScenarios.ts"

/** The whole fault matrix. */
export const faultScenarios: ReadonlyArray<FaultScenario> = [
  ...connectionScenarios,
  ...interruptionScenarios,
  ...mediaScenarios,
]
