import type { Reporter, TestModule } from "vitest/node"

const testsOf = (modules: ReadonlyArray<TestModule>) =>
  modules.flatMap((testModule) => [...testModule.children.allTests()])

/** Ends the run with what was not run and the plain line `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const tests = testsOf(modules)
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // A file that does not load has no test to fail: it counts itself.
    const brokenModules = modules.filter((testModule) => testModule.errors().length > 0).length
    const skipped = tests.filter((test) => ["skipped", "pending"].includes(test.result().state))
    for (const test of skipped) {
      const result = test.result()
      const note = result.state === "skipped" ? result.note : undefined
      process.stdout.write(`not run: ${test.fullName}${note === undefined ? "" : ` (${note})`}\n`)
    }
    process.stdout.write(
      `${count("passed")} passed, ${count("failed") + brokenModules} failed, ${skipped.length} skipped\n`,
    )
  }
}
