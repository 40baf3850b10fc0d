import { defineConfig } from "vitest/config"
import { MeasuresApart } from "./test/support/MeasuresApart.ts"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/clips.ts", "test/support/postgresServer.ts"],
    reporters: ["default", "./test/support/closingLine.ts"],
    // Two cores: most tests wait for cameras more than they work, and with a fourth the timed ones compete.
    maxWorkers: 3,
    sequence: { sequencer: MeasuresApart },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
