import { spawnSync } from "node:child_process"

/** Everything that is checked without running the service: types, lint, format, Effect's own diagnostics. */
const checks: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["tsc", ["-p", "tsconfig.json"]],
  ["oxlint", ["--type-aware", "--deny-warnings", "src", "machines", "migrations", "test"]],
  ["oxfmt", ["--check", "src", "machines", "migrations", "test"]],
  ["effect-tsgo", ["diagnostics", "--project", "tsconfig.json", "--strict", "--format", "text"]],
]

let failed = 0
for (const [program, programArguments] of checks) {
  const { status } = spawnSync(program, programArguments, { stdio: "inherit" })
  process.stdout.write(`check: ${program} ${status === 0 ? "ok" : "FAILED"}\n`)
  if (status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
