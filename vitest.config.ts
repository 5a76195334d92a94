import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['genera-source', 'node'] },
  ssr: { resolve: { conditions: ['genera-source', 'node'] } },
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    // The native runtime must not be loaded in several worker threads of one process.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Programs that name no runtime give the same numbers on every machine, and no test measures its devices.
    env: { GENERA_DEVICE: 'cpu' },
  },
})
