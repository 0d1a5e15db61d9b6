/** The progress line, from a run's events alone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/events/event.js';
import { applyEvent, createRunState, type RunState } from '../../src/events/run-state.js';
import type { Outcome, RowRef } from '../../src/model/outcome.js';
import {
  createProgress,
  formatProgressLine,
  formatProgressReport,
  type Progress,
  updateProgress,
} from '../../src/reporting/progress.js';
import { displayWidth } from '../../src/text/visible.js';

const AT = 1_767_323_045_000;

function rowRef(key: string): RowRef {
  return { key, fingerprint: '', name: key, line: 2 };
}

function attempt(at: number, key = 'a', n = 1): Event {
  return {
    type: 'attempt',
    at,
    step: 1,
    n,
    operation: 'create',
    label: 'light',
    effect: 'write',
    rows: [rowRef(key)],
  };
}

function settled(at: number, key = 'a', outcome: Partial<Outcome> = {}): Event {
  const whole: Outcome = { status: 'created', detail: '', ids: { groupId: 'g' }, ...outcome };
  return { type: 'known', at, outcomes: [{ ...rowRef(key), outcome: whole }] };
}

function pace(at: number, perSecond: number, pauseMs: number, reason = "Zoom's per-second limit"): Event {
  return { type: 'pace', at, label: 'light', perSecond, pauseMs, reason };
}

type Started = Progress & { readonly state: RunState };

function start(rows: number): Started {
  const state = createRunState();
  return { ...createProgress(rows, 30, state), state };
}

/** Applies an event to the run state first, as a run does. */
function update(progress: Started, event: Event): void {
  applyEvent(progress.state, event);
  updateProgress(progress, event);
}

/** A run that sends and settles so many rows a second, evenly, for so many seconds. */
function steady(progress: Started, perSecond: number, seconds: number): number {
  const rows = perSecond * seconds;
  for (let i = 0; i <= rows; i++) {
    const at = AT + (i * 1_000) / perSecond;
    update(progress, attempt(at, `row ${i}`));
    update(progress, settled(at, `row ${i}`));
  }
  return AT + seconds * 1_000;
}

describe('the progress line', () => {
  test('shows rows, rate, limit and time left', () => {
    const progress = start(1_000);
    const now = steady(progress, 29, 20);
    expect(formatProgressLine(progress, now, 120)).toBe(
      '█████████████░░░░░░░░░░░  581/1,000  29.0/s of 30/s  about 14 s left',
    );
    expect(formatProgressReport(progress, now).message).toBe(
      '581 of 1,000 rows, 29.0/s of 30/s, about 14 s left',
    );
  });

  test('begins at once, before anything is known', () => {
    expect(formatProgressLine(start(40), AT, 80)).toBe('░░░░░░░░░░░░░░░░  0/40');
  });

  test('says in its first place that a run is simulated, however narrow the terminal', () => {
    const progress = start(1_000);
    const now = steady(progress, 29, 5);
    for (const columns of [40, 60, 80, 200]) {
      expect(formatProgressLine(progress, now, columns, true)).toMatch(/^simulated {2}.*146\/1,000/);
    }
  });

  test.each([
    [200, '████████████████████░░░░  500/600  1.0/s of 30/s  about 3 s left'],
    [60, '██████████░░  500/600  1.0/s of 30/s  about 3 s left'],
    [40, '500/600  1.0/s of 30/s  about 3 s left'],
    [38, '500/600  about 3 s left'],
    [24, '500/600  about 3 s left'],
    [12, '500/600  a…'],
    [5, '500…'],
  ])('in %i columns is %s', (columns, line) => {
    const progress = start(600);
    progress.state.counts.set('created', 500);
    update(progress, attempt(AT));
    expect(formatProgressLine(progress, AT + 1_000, columns)).toBe(line);
  });

  test('says what a paused run waits for, and for how long', () => {
    const progress = start(1_000);
    const now = steady(progress, 30, 3);
    update(progress, pace(now, 15, 12_000));
    expect(formatProgressLine(progress, now + 100, 80, true)).toContain(
      "paused 12 s: Zoom's per-second limit",
    );
    expect(formatProgressLine(progress, now + 11_500, 40)).toContain('paused 1 s');
    expect(formatProgressReport(progress, now).message).toContain("paused 12 s: Zoom's per-second limit");
    expect(formatProgressLine(progress, now + 12_000, 80)).not.toContain('paused');
  });

  test('after a change of rate never shows the old rate against the new limit', () => {
    const progress = start(10_000);
    const now = steady(progress, 30, 10);
    update(progress, pace(now, 15, 1_000));
    for (let i = 0; i < 30; i++) update(progress, attempt(now + 1_000 + i * 67));
    const line = formatProgressLine(progress, now + 3_000, 100);
    const [, rate] = /([\d.]+)\/s of 15\/s \(slowed from 30\)/.exec(line) ?? [];
    expect(Number(rate)).toBeGreaterThan(13);
    expect(Number(rate)).toBeLessThanOrEqual(15);
  });

  test('the rate is that of the last ten seconds', () => {
    const progress = start(10_000);
    const now = steady(progress, 30, 30);
    expect(formatProgressLine(progress, now + 5_000, 100)).toMatch(/ 1[2-6]\.\d\/s of 30\/s/);
    expect(formatProgressLine(progress, now + 60_000, 100)).toContain(' 0.0/s of 30/s');
  });

  test('rows that need no request do not shorten the time left: it follows the limit', () => {
    const progress = start(10_000);
    for (let i = 0; i < 4_000; i++) {
      update(progress, settled(AT + i, `row ${i}`, { status: 'already-provisioned' }));
    }
    update(progress, attempt(AT + 4_000));
    expect(formatProgressLine(progress, AT + 7_000, 100)).toContain('about 3 min 20 s left');
  });

  test('a row that is settled again, for an id that was found later, counts once', () => {
    const progress = start(2);
    update(progress, attempt(AT));
    update(progress, settled(AT, 'a', { ids: {} }));
    expect(formatProgressReport(progress, AT).fields.settled).toBe(1);
    update(progress, settled(AT + 10, 'a', { ids: { groupId: 'found' } }));
    expect(formatProgressReport(progress, AT).fields.settled).toBe(1);
  });

  test('counts 429s, failed and unknown rows', () => {
    const progress = start(3);
    update(progress, attempt(AT, 'a', 1));
    update(progress, {
      type: 'reply',
      at: AT,
      step: 1,
      n: 1,
      label: 'light',
      reply: { type: 'rate-limited' },
      retryInMs: 1_000,
    });
    update(progress, attempt(AT, 'a', 2));
    update(progress, settled(AT, 'a', { status: 'failed' }));
    update(progress, settled(AT, 'b', { status: 'unknown' }));
    expect(formatProgressLine(progress, AT, 120)).toContain('2/3  2 failed');
    expect(formatProgressReport(progress, AT)).toMatchObject({
      message: expect.stringContaining('2 of 3 rows, 2 failed, 1 rate-limited (429)'),
      fields: { rows: 3, settled: 2, failed: 2 },
    });
  });

  test('shows how much it has read from Zoom, and a stop', () => {
    const progress = start(3);
    for (let step = 1; step <= 1_200; step += 1) {
      const read = { operation: 'list-groups', label: 'medium', effect: 'read', rows: [] } as const;
      update(progress, { type: 'attempt', at: AT, step, n: 1, ...read });
    }
    expect(formatProgressLine(progress, AT, 120)).toContain('reading from Zoom: 1,200 requests');
    update(progress, attempt(AT));
    expect(formatProgressLine(progress, AT, 120)).not.toContain('reading');
    const stop = { exit: 130, reason: 'SIGINT', message: '', hint: '' } as const;
    update(progress, { type: 'stop', at: AT, stop });
    expect(formatProgressLine(progress, AT, 120)).toContain('stopping: interrupted with Ctrl-C');
  });

  test('in every terminal and every state it is one line that does not wrap', () => {
    const event: fc.Arbitrary<Event> = fc.oneof(
      fc.nat(60_000).map((ms) => attempt(AT + ms)),
      fc.nat(60_000).map((ms) => settled(AT + ms, 'x', { status: 'failed' })),
      fc
        .tuple(
          fc.nat(60_000),
          fc.double({ min: 0.01, max: 1_000, noNaN: true }),
          fc.nat(400_000),
          fc.string({ unit: 'binary' }),
        )
        .map(([ms, perSecond, pauseMs, why]) => pace(AT + ms, perSecond, pauseMs, why)),
    );
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 30 }),
        fc.nat(10_000_000),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        fc.nat(120_000),
        (events, rows, columns, simulated, ms) => {
          const progress = start(rows);
          for (const one of events) update(progress, one);
          const line = formatProgressLine(progress, AT + ms, columns, simulated);
          expect(displayWidth(line)).toBeLessThan(columns);
          expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]|NaN|Infinity|undefined/u);
        },
      ),
      { numRuns: 300 },
    );
  });
});
