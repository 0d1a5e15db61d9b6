import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { embedAssets } from './embed-assets.mjs';

export default defineConfig({
  plugins: [embedAssets],
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    globalSetup: '.config/build.mjs',
    include: ['test/**/*.test.ts'],
    exclude: ['test/soak/**'],
    // `npm test -- --tagsFilter='!slow'` leaves them out.
    tags: [{ name: 'slow', description: 'files that take more than ten seconds' }],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most of the time goes by waiting for the built command: on two cores, two files at once halve it.
    maxWorkers: 2,
  },
});
