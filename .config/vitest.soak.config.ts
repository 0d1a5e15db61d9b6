import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { embedAssets } from './embed-assets.mjs';

/** Longer than `npm test` may be, and still bounded: every case has an end in count and in time. */
export default defineConfig({
  plugins: [embedAssets],
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    globalSetup: '.config/build.mjs',
    include: ['test/soak/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});
