import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/model/reply.js';
import { type AdaptiveRate, adaptRate, createAdaptiveRate } from '../../src/resilience/adaptive-rate.js';

const created: Reply = { type: 'success', httpStatus: 201, message: '', body: {}, complete: true };
const limited: Reply = { type: 'rate-limited', httpStatus: 429, message: 'too many' };
const failed: Reply = { type: 'transient', httpStatus: 500, message: 'oh', ambiguous: true, maxAttempts: 3 };

/** Replies one after the other, each to a request that was sent at the same time. */
function feed(rate: AdaptiveRate, replies: readonly Reply[], from = 0, stepMs = 1) {
  return replies.map((reply, i) => adaptRate(rate, reply, from + i * stepMs, from + i * stepMs));
}
const times = (reply: Reply, n: number): readonly Reply[] => Array.from({ length: n }, () => reply);

describe('an isolated 429', () => {
  test('makes the window 10 ms longer, from 30 ms on, and slows nothing down', () => {
    const rate = createAdaptiveRate(80);
    feed(rate, times(created, 30));
    expect(adaptRate(rate, limited, 1_000, 1_000)).toEqual({ windowPaddingMs: 40 });
    expect(rate.perSecond).toBe(80);
  });

  test('one in 200 responses stays isolated for ever; the padding ends at 200 ms and never shrinks', () => {
    const rate = createAdaptiveRate(80);
    const paddings = feed(
      rate,
      times([...times(created, 199), limited] as never, 40).flat() as Reply[],
      0,
      13,
    )
      .map(({ windowPaddingMs }) => windowPaddingMs)
      .filter((ms) => ms !== undefined);
    expect(rate.perSecond).toBe(80);
    expect(paddings.slice(0, 3)).toEqual([40, 50, 60]);
    expect(paddings.at(-1)).toBe(200);
    expect(paddings).toEqual([...paddings].sort((a, b) => a - b));
  });
});

describe('repeated 429s', () => {
  test.each([
    [10, 3],
    [30, 3],
    [80, 5],
  ])('at %i requests/s, %i within a second pause the label for a second and halve its rate', (perSecond, n) => {
    const reactions = feed(createAdaptiveRate(perSecond), times(limited, n));
    expect(reactions.at(-2)?.pauseMs).toBeUndefined();
    expect(reactions.at(-1)).toMatchObject({ perSecond: perSecond / 2, pauseMs: 1_000 });
    expect(reactions.at(-1)?.reason).toContain('429');
  });

  test.each([
    [999, 15],
    [1_000, 30],
  ])('the third within %i ms leaves 30 requests/s at %i', (span, perSecond) => {
    const rate = createAdaptiveRate(30);
    for (const at of [0, 500, span]) adaptRate(rate, limited, at, at);
    expect(rate.perSecond).toBe(perSecond);
  });

  test('the fifth in 200 responses counts as repeated, however far apart they come', () => {
    const bad = Array.from({ length: 5 }, () => [...times(created, 20), limited]).flat();
    const reactions = feed(createAdaptiveRate(80), bad, 0, 100);
    expect(reactions.filter(({ perSecond }) => perSecond === 40)).toHaveLength(1);
    expect(reactions.at(-1)).toMatchObject({ perSecond: 40 });
  });

  test.each([
    [199, 40],
    [200, 80],
  ])('a fifth 429 that comes %i responses after the first leaves the rate at %i', (distance, perSecond) => {
    const rate = createAdaptiveRate(80);
    const four = Array.from({ length: 4 }, () => [limited, ...times(created, 39)]).flat();
    feed(rate, [...four, ...times(created, distance - 160), limited], 0, 100);
    expect(rate.perSecond).toBe(perSecond);
  });

  test('pauses double up to 30 s, and the rate never falls below a twentieth', () => {
    const rate = createAdaptiveRate(80);
    const pauses: (number | undefined)[] = [];
    for (let at = 0; pauses.length < 7; at += 100_000) {
      pauses.push(
        ...feed(rate, times(limited, 5), at)
          .map(({ pauseMs }) => pauseMs)
          .filter(Boolean),
      );
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(rate.perSecond).toBe(4);
  });

  test('Retry-After lengthens the pause', () => {
    const asking: Reply = { type: 'rate-limited', httpStatus: 429, message: '', waitMs: 9_000 };
    expect(feed(createAdaptiveRate(80), times(asking, 5)).at(-1)).toMatchObject({ pauseMs: 9_000 });
  });

  test('429s of requests that were sent before the decrease are ignored', () => {
    const rate = createAdaptiveRate(80);
    feed(rate, times(limited, 5), 1_000);
    expect(times(limited, 30).map(() => adaptRate(rate, limited, 900, 1_100))).toEqual(
      Array.from({ length: 30 }, () => ({})),
    );
    expect(rate.perSecond).toBe(40);
    // The decrease was at 1,004 ms.
    expect(adaptRate(rate, limited, 1_004, 1_100)).toEqual({ windowPaddingMs: 80 });
  });
});

describe('growing back', () => {
  test('a tenth of the full rate every 2 s after the pause, up to the full rate', () => {
    const rate = createAdaptiveRate(80);
    // Ends with a decrease at 4 ms and a pause of 1 s.
    feed(rate, times(limited, 5));
    const grown = feed(rate, times(created, 20), 1_004, 1_000).map(({ perSecond }) => perSecond);
    expect(grown.slice(0, 5)).toEqual([undefined, undefined, 48, undefined, 56]);
    expect(grown.filter((perSecond) => perSecond !== undefined)).toEqual([48, 56, 64, 72, 80]);
  });

  test('the next pause is 1 s again', () => {
    const rate = createAdaptiveRate(80);
    for (const at of [0, 100_000]) feed(rate, times(limited, 5), at);
    adaptRate(rate, created, 200_000, 200_000);
    expect(feed(rate, times(limited, 5), 300_000).find(({ pauseMs }) => pauseMs)).toMatchObject({
      pauseMs: 1_000,
    });
  });

  test('failures do not let it grow', () => {
    const rate = createAdaptiveRate(80);
    feed(rate, times(limited, 5));
    expect(adaptRate(rate, failed, 60_000, 60_000)).toEqual({});
  });
});

describe('a lower plan', () => {
  test('is suggested once, if even half of the rate is refused in the first minute', () => {
    const rate = createAdaptiveRate(30);
    const reactions = [0, 10_000, 20_000, 30_000].flatMap((at) => feed(rate, times(limited, 5), at));
    expect(reactions.filter(({ suggestLowerPlan }) => suggestLowerPlan)).toEqual([
      expect.objectContaining({ perSecond: 7.5 }),
    ]);
  });

  test.each([
    [60_000, true],
    [60_001, undefined],
  ])('%i ms after the first request: suggested %j', (ms, suggested) => {
    const rate = createAdaptiveRate(30);
    feed(rate, times(limited, 3), 5_000);
    const [, , third] = feed(rate, times(limited, 3), 5_000 + ms - 2);
    expect(third).toMatchObject({ perSecond: 7.5 });
    expect(third?.suggestLowerPlan).toBe(suggested);
  });

  test('is not suggested after one burst, nor after the first minute', () => {
    const rate = createAdaptiveRate(30);
    const reactions = [0, 61_000, 70_000].flatMap((at) => feed(rate, times(limited, 5), at));
    expect(reactions.some(({ suggestLowerPlan }) => suggestLowerPlan)).toBe(false);
  });
});
