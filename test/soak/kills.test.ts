/** Fifty kills and more at random moments, while answers get lost and the journal is torn. */
import { describe, expect, test } from 'vitest';
import { survive } from '../help/kills.js';

// A seed of its own each time; a failure names it.
const seed = Date.now() % 1_000_000;

describe(`killed again and again (seed ${seed})`, () => {
  test.each([
    { rows: 1_000, kills: 60, api: 'im' },
    { rows: 600, kills: 40, api: 'contacts' },
  ] as const)('$kills times: a run of $rows $api groups loses no row and makes no group twice', async (ordeal) => {
    const survived = await survive({ ...ordeal, seed });
    expect(survived.torn).toBeGreaterThan(ordeal.kills / 4);
    process.stdout.write(`${JSON.stringify({ ...ordeal, seed, ...survived })}\n`);
  });
});
