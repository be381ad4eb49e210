// Three projects: unit (threads, one module graph per worker), process (forks, one file at a time), model (the simulator).

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A test that hangs is a failure with a name, never a run that does not end.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'builtin-agent/src/**/*.test.ts', 'tools/**/*.test.ts', 'bin/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'model',
          include: ['test/model/**/*.test.ts'],
          pool: 'threads',
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'process',
          include: [
            'test/{integration,fault,conformance,real-agents}/**/*.test.ts',
            'test/agents/*.test.ts',
            'test/_support/*.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          globalSetup: ['test/_support/build-package.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
