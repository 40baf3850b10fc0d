import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/clips.ts", "test/support/postgresServer.ts"],
    reporters: ["default", "./test/support/closingLine.ts"],
    // Two cores: more workers only make the timed tests compete with each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
