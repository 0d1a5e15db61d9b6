/** A few kills at random moments; `npm run soak` has many. */
// @module-tag slow
import { describe, expect, test } from 'vitest';
import { survive } from '../support/kills.js';

describe('killed again and again while answers are lost', () => {
  test('a run knows all that it created, and creates no group twice', async () => {
    await survive({ rows: 120, kills: 5, seed: 11, api: 'im', tears: false });
  }, 90_000);

  test('a run of contact groups whose journal is torn too loses no row and creates no group twice', async () => {
    const survived = await survive({ rows: 120, kills: 5, seed: 11, api: 'contacts', tears: true });
    expect(survived.torn).toBeGreaterThan(0);
  }, 90_000);

  test.each([
    'im',
    'contacts',
  ] as const)('updates of %s groups are known as such although listings are late', async (api) => {
    await survive({ rows: 80, kills: 4, seed: 12, api, tears: false, update: true, lags: true });
  }, 90_000);
});
