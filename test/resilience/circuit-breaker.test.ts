import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/model/reply.js';
import {
  beginProbe,
  type CircuitBreaker,
  canSend,
  createCircuitBreaker,
  recordReply,
} from '../../src/resilience/circuit-breaker.js';

const created: Reply = { type: 'success', httpStatus: 201, message: '', body: {}, complete: true };
const failed: Reply = { type: 'transient', httpStatus: 500, message: 'oh', ambiguous: true, maxAttempts: 3 };
const refused: Reply = { type: 'transient', message: 'ECONNREFUSED', ambiguous: false, maxAttempts: 5 };

const feed = (breaker: CircuitBreaker, replies: readonly Reply[], at = 0) =>
  replies.map((reply) => recordReply(breaker, reply, at, at));
const times = (reply: Reply, n: number): readonly Reply[] => Array.from({ length: n }, () => reply);

function opened(): CircuitBreaker {
  const breaker = createCircuitBreaker({ hasServerAnswered: true });
  feed(breaker, times(failed, 8));
  return breaker;
}

describe('the circuit breaker', () => {
  test('8 failures in a row pause the label for 30 s; a reply between them begins the count again', () => {
    const breaker = createCircuitBreaker({ hasServerAnswered: true });
    feed(breaker, [...times(failed, 7), created, ...times(failed, 7)]);
    expect(breaker.state).toBe('closed');
    expect(feed(breaker, [failed])).toMatchObject([
      { pauseMs: 30_000, reason: expect.stringContaining('oh') },
    ]);
    expect(breaker.state).toBe('open');
  });

  test('one probe at a time is sent while it is open', () => {
    const breaker = opened();
    expect(canSend(breaker)).toBe(true);
    beginProbe(breaker);
    expect([breaker.state, canSend(breaker)]).toEqual(['half-open', false]);
    recordReply(breaker, failed, 30_000, 30_100);
    expect([breaker.state, canSend(breaker)]).toEqual(['open', true]);
    beginProbe(breaker);
    recordReply(breaker, created, 90_000, 90_100);
    expect([breaker.state, canSend(breaker)]).toEqual(['closed', true]);
  });

  test('a closed circuit has no probe', () => {
    const breaker = createCircuitBreaker({ hasServerAnswered: true });
    beginProbe(breaker);
    expect([breaker.state, canSend(breaker)]).toEqual(['closed', true]);
  });

  test('failed probes double the pause up to 5 minutes; a reply resets it to 30 s', () => {
    const breaker = opened();
    const pauses = [1, 2, 3, 4, 5].map((n) => recordReply(breaker, failed, n * 100_000, n * 100_000).pauseMs);
    expect(pauses).toEqual([60_000, 120_000, 240_000, 300_000, 300_000]);
    recordReply(breaker, created, 550_000, 550_000);
    expect(feed(breaker, times(failed, 8), 560_000).at(-1)?.pauseMs).toBe(30_000);
  });

  test('failures of requests that were sent before the last trip are ignored', () => {
    const breaker = createCircuitBreaker({ hasServerAnswered: true });
    feed(breaker, times(failed, 8), 1_000);
    beginProbe(breaker);
    expect(recordReply(breaker, failed, 900, 1_500)).toEqual({});
    expect(breaker.state).toBe('half-open');
    expect(recordReply(breaker, failed, 1_000, 1_500)).toMatchObject({ pauseMs: 60_000 });
  });

  test('after 10 minutes the run stops with exit 4', () => {
    const breaker = opened();
    expect(recordReply(breaker, failed, 599_999, 599_999).stop).toBeUndefined();
    expect(recordReply(breaker, failed, 600_000, 600_000)).toEqual({
      stop: expect.objectContaining({
        exit: 4,
        reason: 'outage',
        message: 'every request has failed for 10 min: oh',
        hint: 'See status.zoom.us, and retry later.',
      }),
    });
  });

  test('if nothing ever answered, on any label, it stops at the trip with the cause', () => {
    const connectivity = { hasServerAnswered: false };
    const reactions = feed(createCircuitBreaker(connectivity), times(refused, 8));
    expect(reactions.slice(0, 7)).toEqual(times({} as Reply, 7));
    expect(reactions.at(-1)?.stop).toMatchObject({ exit: 4, reason: 'unreachable' });
    expect(reactions.at(-1)?.stop?.message).toContain('ECONNREFUSED');

    feed(createCircuitBreaker(connectivity), [created]);
    expect(feed(createCircuitBreaker(connectivity), times(refused, 8)).at(-1)).toMatchObject({
      pauseMs: 30_000,
    });
  });
});
