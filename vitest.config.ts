import { defineConfig } from 'vitest/config'

/** Real engines, processes and browsers take their time on a small machine; a test that hangs still ends. */
const slow = { testTimeout: 120_000, hookTimeout: 180_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      { test: { name: 'integration', include: ['tests/integration/**/*.test.ts'], maxWorkers: 2, ...slow } },
      { test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], fileParallelism: false, ...slow } },
    ],
  },
})
