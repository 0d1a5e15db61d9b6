import { describe, expect, test } from 'vitest';
import { classifyRateLimit, createDailyQuota, takeFromQuota } from '../../src/resilience/daily-quota.js';

const NOON = Date.UTC(2030, 0, 1, 12);
const MIDNIGHT = Date.UTC(2030, 0, 2);
const DAY_MS = 86_400_000;

describe('the daily quota', () => {
  // Contact groups' writes on Pro: 30,000 heavy requests a day (Zoom's API reference, "Rate limits").
  const quota = (usedToday: number) =>
    createDailyQuota({ label: 'heavy', perDay: 30_000, usedToday, wallNow: NOON });

  test('what was sent earlier on this day counts, and the stop says which quota and when it resets', () => {
    const heavy = quota(29_998);
    expect([takeFromQuota(heavy, NOON), takeFromQuota(heavy, NOON)]).toEqual([undefined, undefined]);
    expect(takeFromQuota(heavy, NOON)).toEqual({
      exit: 4,
      reason: 'daily-quota',
      message:
        "the account's 30,000 heavy requests of this day are used up; the quota resets at 2030-01-02 00:00:00 UTC",
      hint: 'Retry after that.',
    });
  });

  test('a new UTC day resets it, also after days without a request', () => {
    for (const at of [MIDNIGHT, MIDNIGHT + 3 * DAY_MS]) {
      const heavy = quota(30_000);
      expect(takeFromQuota(heavy, MIDNIGHT - 1)).toMatchObject({ reason: 'daily-quota' });
      expect(takeFromQuota(heavy, at)).toBeUndefined();
      expect(heavy).toMatchObject({ left: 29_999, resetsAt: at + DAY_MS });
    }
  });

  test('a clock that is set back gives no new quota', () => {
    const heavy = quota(30_000);
    expect(takeFromQuota(heavy, NOON - 2 * DAY_MS)).toMatchObject({ reason: 'daily-quota' });
  });

  test('more used than there is leaves nothing', () => {
    expect(takeFromQuota(quota(40_000), NOON)).toMatchObject({ reason: 'daily-quota' });
  });
});

describe('a 429', () => {
  const perSecond = 'You have reached the maximum per-second rate limit for this API. Try again later.';
  const daily = 'You have reached the maximum daily rate limit for this API.';
  test.each([
    ['of the per-second limit', { message: perSecond }, { type: 'rate-limited' }],
    ['with a short wait', { message: perSecond, waitMs: 120_000 }, { type: 'rate-limited', waitMs: 120_000 }],
    [
      'whose header says daily',
      { message: perSecond, typeHeader: 'Daily-limit', waitMs: 60_000 },
      { type: 'quota-exceeded', resetsAt: NOON + 60_000 },
    ],
    [
      'whose header says daily, with a wait that is over',
      { message: perSecond, typeHeader: 'Daily-limit', waitMs: 0 },
      { type: 'quota-exceeded', resetsAt: MIDNIGHT },
    ],
    [
      'with a wait of over two minutes',
      { message: perSecond, waitMs: 120_001 },
      { type: 'quota-exceeded', resetsAt: NOON + 120_001 },
    ],
    ['whose message says daily', { message: daily }, { type: 'quota-exceeded', resetsAt: MIDNIGHT }],
  ])('%s is what it says', (_, response, expected) => {
    expect(classifyRateLimit(response, NOON)).toEqual(expected);
  });
});
