import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // The package's own names, as in package.json's `exports`, from source: tests need no build.
    alias: [
      { find: /^tidemark$/, replacement: at("src/index.ts") },
      { find: /^tidemark\/sqlite$/, replacement: at("src/sqlite.ts") },
      { find: /^tidemark\/watchdog$/, replacement: at("src/watchdog.ts") },
      { find: /^tidemark\/testing$/, replacement: at("src/testing/index.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Compiles the programs that tests run as processes: `inject("compiled")` is the folder.
    globalSetup: ["test/support/build.ts"],
    // Processes, not threads: native modules and file locks belong to a process. Every core takes one.
    pool: "forks",
    maxWorkers: "100%",
    // Loading the modules takes longer than most files: one process runs many, so a test must leave nothing behind. `layer`
    // of @effect/vitest does: it puts its own runtime into `it`, for every file that comes after.
    isolate: false,
    minWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/core/**"],
      reporter: ["text"],
      experimentalAstAwareRemapping: true,
      thresholds: { 100: true }
    }
  }
})
