import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/model/reply.js';
import { createStop } from '../../src/model/stop.js';
import {
  allRefusedAlike,
  concurrencyFor,
  decideRetry,
  limitReached,
  REFUSED_ALIKE_LIMIT,
  tooManyFailures,
} from '../../src/resilience/retry-policy.js';

const resend = { onLost: 'resend' } as const;
const judge = { onLost: 'judge' } as const;

const created: Reply = { type: 'success', httpStatus: 201, message: '', body: {}, complete: true };
const conflict: Reply = { type: 'conflict', httpStatus: 409, code: 4132, message: 'in use' };
const notFound: Reply = { type: 'not-found', httpStatus: 404, code: 4130, message: 'no such group' };
const rejected: Reply = { type: 'rejected', httpStatus: 400, code: 300, message: 'type: unknown' };
const expired: Reply = { type: 'unauthorized', httpStatus: 401, code: 124, message: 'expired' };
const limited: Reply = { type: 'rate-limited', httpStatus: 429, message: 'too many' };
const daily: Reply = {
  type: 'quota-exceeded',
  httpStatus: 429,
  message: 'daily',
  resetsAt: Date.UTC(2030, 0, 2),
};
/** 500, 502, 504, or a connection that broke after the request was sent: 3 attempts. */
const lost: Reply = { type: 'transient', message: 'reset', ambiguous: true, maxAttempts: 3 };
/** A connection that was refused: 5 attempts. */
const unsent: Reply = { type: 'transient', message: 'refused', ambiguous: false, maxAttempts: 5 };
const paid = createStop('paid-plan', 'a paid plan is needed', 'upgrade');
const fatal: Reply = { type: 'fatal', stop: paid, httpStatus: 200, code: 200, message: 'pay' };

const half = () => 0.5;
const times = (reply: Reply, n: number): readonly Reply[] => Array.from({ length: n }, () => reply);
const asking = (reply: Reply, waitMs: number): Reply => ({ ...reply, waitMs }) as Reply;

describe('a reply that settles the step', () => {
  test.each([created, conflict, notFound, rejected])('$type is judged', (reply) => {
    for (const replies of [[reply], [lost, reply], [limited, reply]]) {
      expect(decideRetry(resend, replies, half)).toMatchObject({ type: 'judge' });
    }
  });
});

describe('transient failures', () => {
  test.each([
    [lost, 3],
    [unsent, 5],
  ])('as many attempts as the failure deserves: %o, %i', (reply, attempts) => {
    expect(decideRetry(resend, times(reply, attempts - 1), half).type).toBe('retry');
    expect(decideRetry(resend, times(reply, attempts), half)).toMatchObject({ type: 'judge' });
  });

  test('one that may have taken effect is never resent if that could do harm', () => {
    expect(decideRetry(judge, [lost], half)).toMatchObject({ type: 'judge' });
    expect(decideRetry(judge, [unsent], half).type).toBe('retry');
  });

  test('429s do not use up attempts', () => {
    expect(decideRetry(resend, [lost, ...times(limited, 5), lost], half).type).toBe('retry');
  });

  test('full jitter of 1 s, doubling, up to 30 s', () => {
    const patient: Reply = { ...unsent, maxAttempts: 20 } as Reply;
    const longest = [1, 2, 3, 4, 5, 6, 7].map((n) => decideRetry(resend, times(patient, n), () => 0.999_999));
    expect(longest).toEqual(
      [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].map((waitMs) => ({ type: 'retry', waitMs })),
    );
    expect(decideRetry(resend, [unsent], () => 0)).toEqual({ type: 'retry', waitMs: 0 });
  });

  test('Retry-After is honoured up to 10 minutes; a longer one is not waited for', () => {
    expect(decideRetry(resend, [asking(unsent, 7_000)], half)).toEqual({ type: 'retry', waitMs: 7_000 });
    expect(decideRetry(resend, [asking(unsent, 600_000)], half)).toEqual({ type: 'retry', waitMs: 600_000 });
    expect(decideRetry(resend, [asking(unsent, 600_001)], half)).toMatchObject({ type: 'judge' });
  });
});

describe('429s and tokens', () => {
  test('a 429 waits a second, or what it asks for; the tenth is judged', () => {
    expect(decideRetry(judge, [limited], half)).toEqual({ type: 'retry', waitMs: 1_000 });
    expect(decideRetry(judge, [asking(limited, 90_000)], half)).toEqual({ type: 'retry', waitMs: 90_000 });
    expect(decideRetry(judge, times(limited, 9), half).type).toBe('retry');
    expect(decideRetry(judge, times(limited, 10), half)).toMatchObject({ type: 'judge' });
  });

  test('a refused token is renewed at once; five refused in a row stop the run', () => {
    expect(decideRetry(judge, [expired], half)).toEqual({ type: 'retry', waitMs: 0 });
    expect(decideRetry(judge, Array(4).fill(expired), half)).toEqual({ type: 'retry', waitMs: 0 });
    const interrupted = [expired, expired, limited, expired, expired, expired];
    expect(decideRetry(judge, interrupted, half)).toEqual({ type: 'retry', waitMs: 0 });
    expect(decideRetry(judge, Array(5).fill(expired), half)).toMatchObject({
      type: 'stop',
      stop: { exit: 3, reason: 'token-refused' },
    });
  });

  test('the daily limit stops the run and says when it resets', () => {
    const decision = decideRetry(resend, [daily], half);
    expect(decision).toMatchObject({ type: 'stop', stop: { exit: 4, reason: 'daily-limit' } });
    expect(JSON.stringify(decision)).toContain('2030-01-02 00:00:00 UTC');
  });

  test('a fatal reply stops the run for its own reason', () => {
    expect(decideRetry(resend, [fatal], half)).toEqual({ type: 'stop', stop: paid });
  });
});

test('whatever comes, a step ends within 40 replies', () => {
  const replies = fc.constantFrom(limited, lost, unsent, expired);
  fc.assert(
    fc.property(
      fc.infiniteStream(replies),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (stream, random) => {
        const met: Reply[] = [];
        for (const reply of stream) {
          met.push(reply);
          const decision = decideRetry(resend, met, () => random);
          if (decision.type !== 'retry') return true;
          expect(decision.waitMs).toBeGreaterThanOrEqual(0);
          expect(decision.waitMs).toBeLessThanOrEqual(600_000);
          if (met.length > 40) return false;
        }
        return false;
      },
    ),
  );
});

test.each([
  [tooManyFailures(1), 4, 'max-failures', '1 row failed, as many as --max-failures allows'],
  [tooManyFailures(2_000), 4, 'max-failures', '2,000 rows failed, as many as --max-failures allows'],
  [limitReached(5), 4, 'limit', '5 rows sent, as many as --limit allows'],
  [
    allRefusedAlike(10, rejected),
    3,
    'all-refused',
    'the first 10 rows were all refused for the same reason: type: unknown',
  ],
])('the stop %#', (stop, exit, reason, message) => {
  expect(stop).toMatchObject({ exit, reason, message, hint: expect.stringContaining('--resume') });
});

test.each([
  [1, 4],
  [4, 7],
  [30, 38],
  [80, 98],
])('%i requests/s need %i rows in flight at a second of latency', (perSecond, rows) => {
  expect(concurrencyFor(perSecond)).toBe(rows);
});

test('ten rows that are refused alike stop a run', () => {
  expect(REFUSED_ALIKE_LIMIT).toBe(10);
});
