import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/stop.js';
import type { Reply } from '../../src/model/reply.js';
import {
  ALL_REFUSED,
  BREAKER,
  fairWeather,
  GROWTH,
  isBroken,
  MARGIN,
  react,
  STRAY,
  type Weather,
} from '../../src/resilience/run-policy.js';

const done: Reply = { kind: 'done', http: 201, message: '' };
const limited: Reply = { kind: 'limited', per: 'second', http: 429, message: 'too fast' };
const trouble: Reply = { kind: 'trouble', ambiguous: true, patience: 'short', http: 500, message: 'oh' };
const silence: Reply = { kind: 'trouble', ambiguous: false, patience: 'long', message: 'ECONNREFUSED' };
const refused: Reply = { kind: 'refused', http: 400, code: 300, message: 'type' };

/** Answers one after the other, each to an attempt that left a moment before. */
function feed(weather: Weather, replies: readonly Reply[], from = 0, stepMs = 1) {
  return replies.map((reply, i) => react(weather, reply, from + i * stepMs, from + i * stepMs));
}
const times = (reply: Reply, n: number): readonly Reply[] => Array.from({ length: n }, () => reply);

describe('the per-second limit', () => {
  test('a stray refusal widens the margin and slows nobody down', () => {
    const weather = fairWeather(80);
    feed(weather, times(done, 30));
    const reaction = react(weather, limited, 1_000, 1_000);
    expect(reaction).toEqual({ marginMs: MARGIN.startMs + MARGIN.widerMs });
    expect(weather.perSecond).toBe(80);
  });

  test.each([
    [30, 3],
    [80, 5],
  ])('at %i/s, %i within a second pause everybody and halve the rate', (perSecond, n) => {
    const weather = fairWeather(perSecond);
    const reactions = feed(weather, times(limited, n));
    expect(reactions.at(-2)?.pauseMs).toBeUndefined();
    expect(reactions.at(-1)).toMatchObject({ perSecond: perSecond / 2, pauseMs: 1_000 });
  });

  test('more than two in a hundred answers are repeated, however far apart', () => {
    const weather = fairWeather(80);
    const bad = Array.from({ length: STRAY.atMost + 1 }, () => [...times(done, 20), limited]).flat();
    const reactions = feed(weather, bad, 0, 100);
    expect(reactions.at(-1)).toMatchObject({ perSecond: 40 });
  });

  test('one in two hundred answers stays stray for ever', () => {
    const weather = fairWeather(80);
    const run = Array.from({ length: 50 }, () => [...times(done, 199), limited]).flat();
    feed(weather, run, 0, 13);
    expect(weather.perSecond).toBe(80);
    expect(weather.marginMs).toBeLessThanOrEqual(MARGIN.widestMs);
  });

  test('refusals of what left before the slowing down are not counted against the slower rate', () => {
    const weather = fairWeather(80);
    feed(weather, times(limited, 5), 1_000);
    const late = times(limited, 30).map(() => react(weather, limited, 900, 1_100));
    expect(late.every((reaction) => Object.keys(reaction).length === 0)).toBe(true);
    expect(weather.perSecond).toBe(40);
  });

  test('Retry-After is honoured where it is longer than the pause', () => {
    const weather = fairWeather(80);
    const wait: Reply = { ...limited, waitMs: 9_000 } as Reply;
    expect(feed(weather, times(wait, 5)).at(-1)).toMatchObject({ pauseMs: 9_000 });
  });

  test('the rate grows back to the full one in calm, and not beyond', () => {
    const weather = fairWeather(80);
    feed(weather, times(limited, 5));
    for (let i = 1; i <= 20; i += 1) react(weather, done, i * GROWTH.everyMs + 10, i * GROWTH.everyMs + 10);
    expect(weather.perSecond).toBe(80);
  });

  test('where nothing is refused the margin soon is at its narrowest, and stays there', () => {
    const weather = fairWeather(80);
    const narrowed = feed(weather, times(done, MARGIN.calmAnswers.first * 2)).filter((r) => r.marginMs);
    expect(narrowed).toEqual([{ marginMs: 23 }, { marginMs: MARGIN.narrowestMs }]);
    expect(feed(weather, times(done, 10_000)).every((r) => r.marginMs === undefined)).toBe(true);
  });

  test('a margin that proved too narrow is left at once, and not tried again for a long time', () => {
    const weather = fairWeather(80);
    feed(weather, times(done, MARGIN.calmAnswers.first));
    expect(weather.marginMs).toBeLessThan(MARGIN.startMs);
    expect(react(weather, limited, 1_000, 1_000)).toEqual({ marginMs: MARGIN.startMs });
    feed(weather, times(done, MARGIN.calmAnswers.later - 1), 2_000);
    expect(weather.marginMs).toBe(MARGIN.startMs);
    feed(weather, times(done, 1), 5_000);
    expect(weather.marginMs).toBe(MARGIN.startMs - MARGIN.narrowerMs);
  });

  test('a widened margin narrows again in a long calm, down to a floor', () => {
    const weather = fairWeather(80);
    feed(weather, [...times(done, 30), limited]);
    feed(weather, times(done, MARGIN.calmAnswers.later * 2), 10_000);
    expect(weather.marginMs).toBe(MARGIN.startMs + MARGIN.widerMs - 2 * MARGIN.narrowerMs);
    feed(weather, times(done, MARGIN.calmAnswers.later * 20), 20_000);
    expect(weather.marginMs).toBe(MARGIN.narrowestMs);
  });

  test('where Zoom says that nothing is left of the second, everybody waits a little', () => {
    expect(react(fairWeather(80), { ...done, remaining: 0 }, 0, 0).pauseMs).toBeGreaterThan(0);
  });
});

describe('the breaker', () => {
  test('eight troubles in a row pause everybody; one good answer between them does not', () => {
    const weather = fairWeather(30);
    feed(weather, [done, ...times(trouble, BREAKER.inARow - 1), done, ...times(trouble, BREAKER.inARow - 1)]);
    expect(isBroken(weather)).toBe(false);
    expect(feed(weather, [trouble], 100)).toMatchObject([{ pauseMs: BREAKER.firstPauseMs }]);
    expect(isBroken(weather)).toBe(true);
  });

  test('a probe that fails doubles the pause up to five minutes; one that works ends it', () => {
    const weather = fairWeather(30);
    feed(weather, [done, ...times(trouble, BREAKER.inARow)]);
    const pauses = [1, 2, 3, 4].map((n) => react(weather, trouble, n * 100_000, n * 100_000).pauseMs);
    expect(pauses).toEqual([60_000, 120_000, 240_000, BREAKER.longestPauseMs]);
    react(weather, done, 500_000, 500_000);
    expect(isBroken(weather)).toBe(false);
  });

  test('trouble of what left before the pause does not lengthen it', () => {
    const weather = fairWeather(30);
    feed(weather, [done, ...times(trouble, BREAKER.inARow)], 1_000);
    expect(react(weather, trouble, 900, 1_500)).toEqual({});
  });

  test('ten minutes of it stop the run for later', () => {
    const weather = fairWeather(30);
    feed(weather, [done, ...times(trouble, BREAKER.inARow)]);
    const late = BREAKER.giveUpAfterMs + 1_000;
    expect(react(weather, trouble, late, late).stop).toMatchObject({
      exit: EXIT.retryLater,
      reason: 'outage',
    });
  });

  test('where nothing ever answered it stops at once: the address or the network is wrong', () => {
    const weather = fairWeather(30);
    const reactions = feed(weather, times(silence, BREAKER.inARow));
    expect(reactions.at(-1)?.stop).toMatchObject({ exit: EXIT.retryLater, reason: 'unreachable' });
  });
});

describe('refusals that are no row’s fault', () => {
  test('ten first answers refused alike stop the run', () => {
    const weather = fairWeather(30);
    const reactions = feed(weather, times(refused, ALL_REFUSED));
    expect(reactions.at(-2)?.stop).toBeUndefined();
    expect(reactions.at(-1)?.stop).toMatchObject({ exit: EXIT.actionRequired, reason: 'all-refused' });
  });

  test('one created group, or refusals of two kinds, show that it is the rows', () => {
    const other: Reply = { ...refused, code: 4130 };
    for (const first of [[done], [refused, other]]) {
      const weather = fairWeather(30);
      const reactions = feed(weather, [...first, ...times(refused, ALL_REFUSED * 2)]);
      expect(reactions.every((reaction) => reaction.stop === undefined)).toBe(true);
    }
  });
});
