/** The loop in bad weather, on a clock of its own: who pauses, who probes, and when a run gives up. */
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/stop.js';
import type { Reply } from '../../src/model/reply.js';
import { BREAKER, EXHAUSTED_PAUSE_MS, GROWTH, MARGIN } from '../../src/resilience/run-policy.js';
import { counted, of, statuses, stopped } from '../support/events.js';
import { type Asked, runScript, type Sent } from '../support/virtual-clock.js';

const done: Reply = { kind: 'done', http: 201, message: '', groupId: 'g1' };
const trouble: Reply = { kind: 'trouble', ambiguous: true, patience: 'short', http: 500, message: 'oh' };
const silence: Reply = { kind: 'trouble', ambiguous: false, patience: 'long', message: 'ECONNREFUSED' };
const limited: Reply = { kind: 'limited', per: 'second', http: 429, message: 'too fast' };
const refused: Reply = { kind: 'refused', http: 400, code: 300, message: 'type' };

/** Requests on their way at one time, at most. */
const atOnce = (sent: readonly Sent[]) =>
  Math.max(0, ...sent.map(({ at }) => sent.filter((one) => one.at <= at && at < one.answeredAt).length));

describe('an outage', () => {
  test('stops a run of any size after ten minutes of nothing else, and calls no row failed', async () => {
    const told = await runScript({ rows: 60, answer: ({ nth }) => (nth === 1 ? done : trouble) });
    stopped(told, EXIT.retryLater, 'outage');
    expect(told.endedAt).toBeGreaterThan(BREAKER.giveUpAfterMs);
    expect(told.endedAt).toBeLessThan(2 * BREAKER.giveUpAfterMs);
    expect(told.pauses).toEqual([30_000, 60_000, 120_000, 240_000, BREAKER.longestPauseMs]);
    expect(of(told, 'pace').map(({ pauseMs }) => pauseMs)).toEqual(told.pauses);
    expect(statuses(told)).toEqual(['created']);
  });

  test('is probed by one attempt after each pause', async () => {
    const told = await runScript({ rows: 60, answer: ({ nth }) => (nth === 1 ? done : trouble) });
    const broke = of(told, 'pace')[0]?.at ?? 0;
    const probes = told.sent.filter(({ at }) => at > broke + 1_000);
    expect(probes.length).toBe(told.pauses.length);
    expect(atOnce(probes)).toBe(1);
    const waited = probes.map(({ at }, i) => at - (probes[i - 1]?.answeredAt ?? broke));
    waited.forEach((ms, i) => {
      expect(ms).toBeGreaterThanOrEqual(told.pauses[i] ?? 0);
      expect(ms).toBeLessThan((told.pauses[i] ?? 0) + 100);
    });
  });

  test('is probed by one attempt also where two rows get their turns together', async () => {
    const limits = { perSecond: Number.POSITIVE_INFINITY };
    const told = await runScript({ rows: 60, limits, answer: ({ nth }) => (nth === 1 ? done : trouble) });
    const broke = of(told, 'pace')[0]?.at ?? 0;
    expect(atOnce(told.sent.filter(({ at }) => at > broke + 1_000))).toBe(1);
  });

  test('ends with the first probe that works: everybody goes on, and the next one begins with a short pause', async () => {
    const isDown = ({ at }: Asked) => (at > 500 && at < 50_000) || (at > 110_500 && at < 120_500);
    const answer = (asked: Asked) => (isDown(asked) ? trouble : done);
    const told = await runScript({ rows: 300, limits: { perSecond: 4, concurrency: 8 }, answer });
    expect(told.ran).toEqual({ stop: undefined, open: expect.anything() });
    expect(told.pauses).toEqual([30_000, 60_000, 30_000]);
    expect(atOnce(told.sent.filter(({ at }) => at > 150_000))).toBeGreaterThan(0);
    expect(counted(told, 'created')).toBe(300);
  });
});

describe('where nothing ever answered', () => {
  test.each([
    ['in a run', 20, 10],
    ['in a run of one row', 1, 10],
    ['row after row', 20, 1],
  ])('%s it stops for later, and no row is called failed', async (_, rows, concurrency) => {
    const told = await runScript({ rows, answer: () => silence, limits: { heard: false, concurrency } });
    stopped(told, EXIT.retryLater, 'unreachable');
    expect(statuses(told)).toEqual([]);
  });

  test('but a listing before, one row that could not be sent has failed', async () => {
    const told = await runScript({ rows: 1, answer: () => silence });
    expect([told.ran?.stop, statuses(told)]).toEqual([undefined, ['failed']]);
  });
});

describe('the first ten', () => {
  const limits = { concurrency: 1 };
  test('refused alike stop the run for a person', async () => {
    const told = await runScript({ rows: 30, answer: () => refused, limits });
    stopped(told, EXIT.actionRequired, 'all-refused');
    expect(told.sent.length).toBe(10);
  });

  test.each([1, 5, 10])('with one done among them, at %i, don’t', async (good) => {
    const told = await runScript({
      rows: 30,
      answer: ({ nth }) => (nth === good ? done : refused),
      limits,
    });
    expect([told.ran?.stop, counted(told, 'failed'), counted(told, 'created')]).toEqual([undefined, 29, 1]);
  });
});

describe('the pace', () => {
  test('is halved after repeated refusals, with a pause for everybody, and grows back in calm', async () => {
    const told = await runScript({
      rows: 1_500,
      limits: { concurrency: 100 },
      answer: ({ nth }) => (nth > 100 && nth <= 106 ? limited : done),
    });
    expect([told.ran?.stop, counted(told, 'created')]).toEqual([undefined, 1_500]);
    expect(told.pauses).toEqual([1_000]);
    expect(told.rates).toEqual([40, 48, 56, 64, 72, 80]);
    const paces = of(told, 'pace');
    expect(paces.map(({ perSecond, pauseMs }) => [perSecond, pauseMs])).toEqual([
      [40, 1_000],
      [48, 0],
      [56, 0],
      [64, 0],
      [72, 0],
      [80, 0],
    ]);
    const [slowed, ...grown] = paces.map(({ at }) => at);
    grown.forEach(
      (at, i) => void expect(at).toBeGreaterThanOrEqual((slowed ?? 0) + (i + 1) * GROWTH.everyMs),
    );
    // Nobody starts in the pause, and after it half as many do.
    const from = slowed ?? 0;
    expect(told.sent.filter(({ at }) => at > from && at < from + 1_000)).toEqual([]);
    const after = told.sent.filter(({ at }) => at >= from + 1_000 && at < from + 2_000).length;
    expect(after).toBeGreaterThan(35);
    expect(after).toBeLessThanOrEqual(41);
  });

  test('is left alone by a stray refusal: the margin gets wider again, and this row waits', async () => {
    const told = await runScript({ rows: 300, answer: ({ nth }) => (nth === 100 ? limited : done) });
    const tried = [MARGIN.startMs - MARGIN.narrowerMs, MARGIN.startMs];
    expect([told.pauses, told.rates, told.margins]).toEqual([[], [], tried]);
    expect([of(told, 'pace'), counted(told, 'created')]).toEqual([[], 300]);
    const again = told.sent.filter(({ name }) => name === 'Group 100');
    expect((again[1]?.at ?? 0) - (again[0]?.answeredAt ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('pauses a little for everybody where an answer says that nothing is left of the second', async () => {
    const told = await runScript({
      rows: 40,
      answer: ({ nth }) => (nth === 10 ? { ...done, remaining: 0 } : done),
    });
    const from = told.sent[9]?.answeredAt ?? 0;
    expect(told.pauses).toEqual([EXHAUSTED_PAUSE_MS]);
    expect(told.sent.filter(({ at }) => at > from && at < from + EXHAUSTED_PAUSE_MS)).toEqual([]);
    expect(told.sent.filter(({ at }) => at >= from + EXHAUSTED_PAUSE_MS).length).toBeGreaterThan(10);
  });
});
