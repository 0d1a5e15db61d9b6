/** A few kills at random moments; `npm run soak` has many. */
import { describe, expect, test } from 'vitest';
import { survive } from './help/kills.js';

describe('killed again and again, with answers lost and the journal torn', () => {
  test.each([
    'im',
    'contacts',
  ] as const)('a run of %s groups loses no row and makes no group twice', async (api) => {
    const survived = await survive({ rows: 120, kills: 5, seed: 11, api });
    expect(survived.torn).toBeGreaterThan(0);
  }, 90_000);
});
