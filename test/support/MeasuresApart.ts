import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Files that measure what many cameras do, or how fast something is: side by side they would measure one another. */
const isMeasure = ({ moduleId }: TestSpecification): boolean =>
  moduleId.endsWith("/faultMatrix.test.ts") || /\bmeasure[A-Z]\w+\(/.test(readFileSync(moduleId, "utf8"))

const orderOf = ({ moduleId }: TestSpecification): string =>
  createHash("sha1").update(relative(process.cwd(), moduleId)).digest("hex")

const inOrder = (files: ReadonlyArray<TestSpecification>) =>
  files.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))

/**
 * Spreads the measures evenly among the other files, in an order that is the same everywhere and always.
 *
 * By itself vitest begins with the largest files where it knows of no earlier run, as in CI: the measures, a few lines
 * each, would come last and all together.
 */
export class MeasuresApart extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const measures = inOrder(files.filter(isMeasure))
    // Backwards: so no measure begins before the one before it has ended.
    const others = inOrder(files.filter((file) => !isMeasure(file))).toReversed()
    const each = others.length / Math.max(1, measures.length)
    return measures.length === 0
      ? others
      : measures.flatMap((measure, at) => [
          measure,
          ...others.slice(Math.round(at * each), Math.round((at + 1) * each)),
        ])
  }
}
