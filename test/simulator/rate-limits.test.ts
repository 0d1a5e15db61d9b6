/** What a client may rely on when it meets the simulator: the rate limits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Label, Limits, type Plan } from '../../src/simulator/rate-limits.js';
import { send, startTestSimulator } from '../support/simulator.js';

const NOON = Date.UTC(2026, 4, 31, 12);

/** Zoom's page of rate limits. */
const RATES: readonly (readonly [Plan, Label, number])[] = [
  ['free', 'light', 4],
  ['free', 'medium', 2],
  ['free', 'heavy', 1],
  ['pro', 'light', 30],
  ['pro', 'medium', 20],
  ['pro', 'heavy', 10],
  ['business', 'light', 80],
  ['business', 'medium', 60],
  ['business', 'heavy', 40],
];

/** A request of each label that can be repeated. */
const ROUTES: Readonly<Record<Label, string>> = {
  light: 'GET /im/groups/nobody',
  medium: 'GET /im/groups',
  heavy: 'POST /contacts/groups',
};

describe('a second', () => {
  test.each(
    RATES,
  )('on the %s plan has room for so many %s requests: %d', async (accountPlan, label, rate) => {
    let now = NOON;
    const { zoom } = await startTestSimulator({ accountPlan, now: () => now });
    const status = async (): Promise<number> =>
      (await send(zoom, ROUTES[label], label === 'heavy' ? { json: { group_name: 'A' } } : {})).status;
    for (let i = 0; i < rate; i += 1) expect(await status()).not.toBe(429);
    expect(await status()).toBe(429);
    now += 999;
    expect(await status()).toBe(429);
    now += 1;
    expect(await status()).not.toBe(429);
    expect(zoom.peakPerSecond(label)).toBe(rate);
    expect(zoom.requests().every((seen) => seen.label === label)).toBe(true);
  });

  test('counts each label alone', async () => {
    const { zoom } = await startTestSimulator({ accountPlan: 'free', now: () => NOON });
    for (let i = 0; i < 3; i += 1) await send(zoom, ROUTES.medium);
    expect((await send(zoom, ROUTES.medium)).status).toBe(429);
    expect((await send(zoom, ROUTES.light)).status).toBe(404);
  });

  test('that is full is reported in Zoom’s words, without a time to wait', async () => {
    const { zoom } = await startTestSimulator({ accountPlan: 'free', groups: [], now: () => NOON });
    for (let i = 0; i < 4; i += 1) await send(zoom, 'POST /im/groups', { form: { name: `${i}` } });
    const { status, headers, body } = await send(zoom, 'POST /im/groups', { form: { name: 'one more' } });
    expect(status).toBe(429);
    expect(body).toEqual({
      code: 429,
      message: 'You have reached the maximum per-second rate limit for this API. Try again later.',
    });
    expect(headers.get('x-ratelimit-type')).toBe('QPS');
    expect(headers.get('x-ratelimit-category')).toBe('Light');
    expect(headers.get('x-ratelimit-limit')).toBe('4');
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    expect(headers.get('retry-after')).toBeNull();
    expect(zoom.created().length).toBe(4);
  });

  test('is not filled by requests without a good token', async () => {
    const { zoom } = await startTestSimulator({ accountPlan: 'free', now: () => NOON });
    for (let i = 0; i < 10; i += 1) await send(zoom, ROUTES.medium, { token: 'bad' });
    expect((await send(zoom, ROUTES.medium)).status).toBe(200);
    expect(zoom.peakPerSecond('medium')).toBe(1);
  });

  test('has no limit if the limiter is off', async () => {
    const { zoom } = await startTestSimulator({ limiter: 'none', now: () => NOON });
    for (let i = 0; i < 100; i += 1) expect((await send(zoom, ROUTES.medium)).status).toBe(200);
    expect(zoom.peakPerSecond('medium')).toBe(100);
  });

  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 });

  test('slides: a request is refused if and only if the 1,000 ms before it are full', () => {
    fc.assert(
      fc.property(gaps, (waits) => {
        const limits = new Limits('free', 'sliding', undefined);
        const admitted: number[] = [];
        let peak = 0;
        let now = NOON;
        for (const waitMs of waits) {
          now += waitMs;
          const before = admitted.filter((at) => now - at < 1_000).length;
          expect(limits.admit('light', now)).toBe(before < 4 ? 'admitted' : 'per-second-limit');
          if (before >= 4) continue;
          admitted.push(now);
          peak = Math.max(peak, before + 1);
        }
        expect(limits.peak('light')).toBe(peak);
      }),
    );
  });

  test('that is fixed begins with the clock’s, so that two may meet', () => {
    const limits = new Limits('free', 'fixed', undefined);
    const verdicts = (now: number) => Array.from({ length: 5 }, () => limits.admit('light', now));
    const full = [...Array(4).fill('admitted'), 'per-second-limit'];
    expect(verdicts(NOON + 999)).toEqual(full);
    expect(verdicts(NOON + 1_000)).toEqual(full);
    expect(limits.peak('light')).toBe(8);
  });

  test('is counted to the request also after an hour', () => {
    const limits = new Limits('business', 'sliding', undefined);
    for (let second = 0; second < 3_600; second += 1) {
      const verdicts = Array.from({ length: 81 }, () => limits.admit('light', NOON + second * 1_000));
      expect(verdicts.filter((verdict) => verdict === 'admitted').length).toBe(80);
    }
  });

  test('is counted as fast after a million requests as after ten', () => {
    const limits = new Limits('pro', 'none', undefined);
    for (let i = 0; i < 1_000_000; i += 1) limits.admit('light', NOON + i / 10);
    expect(limits.peak('light')).toBe(10_000);
  });
});

describe('a day', () => {
  const DAYS: readonly (readonly [Plan, Label, number])[] = [
    ['free', 'light', 6_000],
    ['free', 'medium', 2_000],
    ['free', 'heavy', 1_000],
    ['pro', 'heavy', 30_000],
    ['business', 'heavy', 60_000],
  ];
  test.each(
    DAYS,
  )('on the %s plan has room for so many %s requests: %d, until midnight UTC', (plan, label, n) => {
    const limits = new Limits(plan, 'none', undefined);
    for (let i = 0; i < n; i += 1) limits.admit(label, NOON);
    expect(limits.admit(label, NOON)).toBe('daily-limit');
    expect(limits.admit(label, NOON + 43_199_999)).toBe('daily-limit');
    expect(limits.admit(label, NOON + 43_200_000)).toBe('admitted');
  });

  test('has no end for Light calls on Pro', () => {
    const limits = new Limits('pro', 'none', undefined);
    for (let i = 0; i < 100_000; i += 1) limits.admit('light', NOON);
    expect(limits.admit('light', NOON)).toBe('admitted');
  });

  test('that is used up is reported with the instant of its end, and other labels continue', async () => {
    const { zoom } = await startTestSimulator({ dailyLimit: 2, groups: [], now: () => NOON });
    for (const name of ['A', 'B']) await send(zoom, 'POST /im/groups', { form: { name } });
    const { status, headers, body } = await send(zoom, 'POST /im/groups', { form: { name: 'C' } });
    expect(status).toBe(429);
    expect(body.message).toContain('exceeded the daily rate limit (2)');
    expect(headers.get('x-ratelimit-type')).toBe('Daily-limit');
    expect(headers.get('x-ratelimit-limit')).toBe('2');
    expect(headers.get('retry-after')).toBe('2026-06-01T00:00:00Z');
    expect((await send(zoom, 'GET /im/groups')).body.total_records).toBe(2);
  });
});

describe('a call', () => {
  // Zoom's reference: the rate limit label of each call.
  const LABELS: readonly (readonly [string, Label])[] = [
    ['POST /im/groups', 'light'],
    ['GET /im/groups', 'medium'],
    ['GET /im/groups/a', 'light'],
    ['PATCH /im/groups/a', 'light'],
    ['DELETE /im/groups/a', 'light'],
    ['GET /im/groups/a/members', 'medium'],
    ['POST /im/groups/a/members', 'medium'],
    ['DELETE /im/groups/a/members/u', 'light'],
    ['POST /contacts/groups', 'heavy'],
    ['GET /contacts/groups', 'medium'],
    ['GET /contacts/groups/a', 'light'],
    ['PATCH /contacts/groups/a', 'heavy'],
    ['DELETE /contacts/groups/a', 'heavy'],
    ['GET /contacts/groups/a/members', 'medium'],
    ['POST /contacts/groups/a/members', 'heavy'],
    ['DELETE /contacts/groups/a/members', 'heavy'],
    ['GET /users', 'medium'],
    ['GET /accounts/me/plans/usage', 'heavy'],
  ];
  test.each(LABELS)('%s counts as %s, and its response says so', async (request, label) => {
    const { zoom } = await startTestSimulator({ accountPlan: 'free', now: () => NOON });
    const { headers } = await send(zoom, request);
    expect(zoom.requests()).toMatchObject([{ label }]);
    expect(headers.get('x-ratelimit-category')?.toLowerCase()).toBe(label);
    expect(headers.get('x-ratelimit-type')).toBe('Daily-limit');
    const perDay = { light: 6_000, medium: 2_000, heavy: 1_000 }[label];
    expect(headers.get('x-ratelimit-limit')).toBe(String(perDay));
    expect(headers.get('x-ratelimit-remaining')).toBe(String(perDay - 1));
  });

  test('without a daily limit reports the limit of a second', async () => {
    const { zoom } = await startTestSimulator({ accountPlan: 'pro', now: () => NOON });
    const { headers } = await send(zoom, 'GET /im/groups');
    expect(headers.get('x-ratelimit-type')).toBe('QPS');
    expect(headers.get('x-ratelimit-limit')).toBe('20');
    expect(headers.get('x-ratelimit-remaining')).toBe('19');
  });
});
