import { describe, expect, test } from 'vitest';
import { EXIT, type ExitCode } from '../../src/model/stop.js';
import { STATUSES, type Status } from '../../src/model/statuses.js';
import { formatHeadline } from '../../src/reporting/headline.js';
import type { Summary } from '../../src/reporting/results.js';
import { formatCount, formatDuration, formatNumber, formatUtcTime } from '../../src/text/format.js';
import { summaryOf } from '../support/summary.js';

type Case = readonly [string, Partial<Record<Status, number>>, Partial<Summary>];

const missing = (n: number): Partial<Summary> => ({
  not_provisioned: n,
  exit: { code: EXIT.unprovisioned, reason: `${n} rows are not provisioned` },
});
const stopped = (n: number, reason: string, code: ExitCode = EXIT.retryLater): Partial<Summary> => ({
  not_provisioned: n,
  exit: { code, reason },
});

const CASES: readonly Case[] = [
  [
    'All 40 rows are provisioned: 32 created, 7 were there already, 1 duplicate.',
    { created: 32, 'already-provisioned': 7, duplicate: 1 },
    {},
  ],
  [
    'All 2 rows are provisioned: 1 created, 1 was there already.',
    { created: 1, 'already-provisioned': 1 },
    {},
  ],
  ['The one row is provisioned: 1 updated.', { updated: 1 }, {}],
  ['All 20,000 rows are provisioned: 20,000 created.', { created: 20_000 }, {}],
  [
    '2 of 40 rows are not provisioned: 38 created, 1 failed, 1 unknown.',
    { created: 38, failed: 1, unknown: 1 },
    missing(2),
  ],
  ['1 of 2 rows is not provisioned: 1 created, 1 invalid.', { created: 1, invalid: 1 }, missing(1)],
  [
    '2 of 3 rows are not provisioned: 1 created, 1 duplicate, 1 failed.',
    { created: 1, failed: 1, duplicate: 1 },
    missing(2),
  ],
  [
    "Stopped: Zoom's daily limit is used up; 312 rows wait, 88 created.",
    { created: 88, 'not-attempted': 312 },
    stopped(312, 'daily-limit'),
  ],
  [
    'Stopped: it was interrupted from the keyboard; 1 row waits, 1 failed.',
    { failed: 1, 'not-attempted': 1 },
    stopped(2, 'SIGINT', EXIT.interrupt),
  ],
  ['Stopped: some new reason; 1 failed.', { failed: 1 }, stopped(1, 'some-new-reason', EXIT.actionRequired)],
  ['All 3 rows are provisioned (simulated): 3 created.', { created: 3 }, { simulated: true }],
  [
    '1 of 3 rows is not provisioned (simulated): 2 created, 1 failed.',
    { created: 2, failed: 1 },
    { simulated: true, ...missing(1) },
  ],
  [
    'Stopped (simulated): the app lacks a scope; 3 rows wait.',
    { 'not-attempted': 3 },
    { simulated: true, ...stopped(3, 'scope-missing', EXIT.actionRequired) },
  ],
  ['All 3 rows are taken back: 2 deleted, 1 restored.', { deleted: 2, restored: 1 }, {}],
  ['1 of 3 rows is not taken back: 2 deleted, 1 kept.', { deleted: 2, kept: 1 }, missing(1)],
  ['The file has no rows, so there was nothing to do.', {}, {}],
];

describe('the verdict', () => {
  test.each(CASES)('%s', (sentence, counts, rest) => {
    expect(formatHeadline(summaryOf(counts, rest))).toBe(sentence);
  });

  test('every status is told in it', () => {
    for (const status of STATUSES) {
      const sentence = formatHeadline(summaryOf({ [status]: 7 }, missing(7)));
      expect(sentence.match(/7/g)?.length, status).toBeGreaterThanOrEqual(3);
    }
  });

  test('whatever is simulated says so', () => {
    for (const [, counts, rest] of CASES) {
      expect(formatHeadline(summaryOf(counts, { ...rest, simulated: true }))).toContain('simulated');
    }
  });
});

describe('times', () => {
  test.each([
    [0, 'under a second'],
    [1_400, '1 second'],
    [59_900, '1 minute'],
    [627_000, '10 minutes 27 seconds'],
    [3_600_000, '1 hour'],
    [3_605_000, '1 hour'],
    [3_900_000, '1 hour 5 minutes'],
    [2 * 86_400_000 + 3 * 3_600_000, '2 days 3 hours'],
  ])('%i ms are %s', (spanMs, words) => {
    expect(formatDuration(spanMs)).toBe(words);
  });

  test('instants are told in UTC, and what is none stays as it came', () => {
    expect(formatUtcTime('2026-03-02T01:10:04.512Z')).toBe('2026-03-02 01:10:04 UTC');
    expect(formatUtcTime(0)).toBe('1970-01-01 00:00:00 UTC');
    expect(formatUtcTime('soon')).toBe('soon');
  });

  test('numbers are grouped, nouns agree', () => {
    expect(formatNumber(1_234_567)).toBe('1,234,567');
    expect([formatCount(0, 'row'), formatCount(1, 'row'), formatCount(1000, 'row')]).toEqual([
      '0 rows',
      '1 row',
      '1,000 rows',
    ]);
  });
});
