/** Forty kills and more at random moments, while answers are lost, listings are late and the journal is torn. */
import { describe, expect, test } from 'vitest';
import { survive } from '../support/kills.js';

// Another seed each time; a failure names it.
const seed = Date.now() % 1_000_000;

describe(`killed again and again (seed ${seed})`, () => {
  test.each([
    { rows: 1_000, kills: 60, api: 'im', tears: true },
    { rows: 1_000, kills: 60, api: 'im', tears: false },
    { rows: 1_000, kills: 40, api: 'im', tears: false, update: true, lags: true },
    { rows: 600, kills: 40, api: 'contacts', tears: true },
    { rows: 600, kills: 40, api: 'contacts', tears: false, update: true, lags: true },
  ] as const)('$kills times, $rows $api groups, journal torn: $tears, with updates: $update', async (ordeal) => {
    const survived = await survive({ ...ordeal, seed });
    if (ordeal.tears) expect(survived.torn).toBeGreaterThan(ordeal.kills / 4);
    process.stdout.write(`${JSON.stringify({ ...ordeal, seed, ...survived })}\n`);
  });
});
