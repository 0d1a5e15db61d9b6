/** A few kills at random moments; `npm run soak` has many. */
import { describe, expect, test } from 'vitest';
import { survive } from '../support/kills.js';

describe('killed again and again, while answers get lost', () => {
  test('a run knows all that it made, and makes no group twice', async () => {
    await survive({ rows: 120, kills: 5, seed: 11, api: 'im', tears: false });
  }, 90_000);

  test('a run of contact groups, its journal torn too, loses no row and makes no group twice', async () => {
    const survived = await survive({ rows: 120, kills: 5, seed: 11, api: 'contacts', tears: true });
    expect(survived.torn).toBeGreaterThan(0);
  }, 90_000);
});
