import { describe, expect, test } from 'vitest';
import { STATUS_NAMES, STATUSES, type Status } from '../../src/model/statuses.js';
import { EXIT, type ExitCode } from '../../src/model/stop.js';
import { formatHeadline } from '../../src/reporting/headline.js';
import type { Summary } from '../../src/reporting/summary.js';
import { formatCount, formatDuration, formatNumber, formatUtcTime } from '../../src/text/format.js';
import { displayWidth } from '../../src/text/visible.js';
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
    'All 40 rows are provisioned: 32 created, 7 already existed, 1 duplicate.',
    { created: 32, 'already-provisioned': 7, duplicate: 1 },
    {},
  ],
  ['All 2 rows are provisioned: 1 created, 1 already existed.', { created: 1, 'already-provisioned': 1 }, {}],
  ['The only row is provisioned: 1 updated.', { updated: 1 }, {}],
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
    "Stopped: Zoom's daily limit is used up; 312 rows pending, 88 created.",
    { created: 88, 'not-attempted': 312 },
    stopped(312, 'daily-limit'),
  ],
  [
    'Stopped: interrupted with Ctrl-C; 1 row pending, 1 failed.',
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
    'Stopped (simulated): the Zoom app lacks a scope; 3 rows pending.',
    { 'not-attempted': 3 },
    { simulated: true, ...stopped(3, 'scope-missing', EXIT.actionRequired) },
  ],
  [
    'All 3 rows are rolled back: 2 deleted, 1 restored.',
    { deleted: 2, restored: 1 },
    { command: 'rollback' },
  ],
  [
    '1 of 3 rows is not rolled back: 2 deleted, 1 kept.',
    { deleted: 2, kept: 1 },
    { command: 'rollback', ...missing(1) },
  ],
  ['The file has no rows, so there was nothing to do.', {}, {}],
];

describe('the headline', () => {
  test.each(CASES)('%s', (sentence, counts, rest) => {
    expect(formatHeadline(summaryOf(counts, rest))).toBe(sentence);
  });

  test('mentions every status that occurs', () => {
    for (const status of STATUS_NAMES) {
      const sentence = formatHeadline(summaryOf({ [status]: 7 }, missing(7)));
      expect(sentence.match(/7/g)?.length, status).toBeGreaterThanOrEqual(3);
    }
  });

  test('says of every simulated run that it is simulated', () => {
    for (const [, counts, rest] of CASES) {
      expect(formatHeadline(summaryOf(counts, { ...rest, simulated: true }))).toContain('simulated');
    }
  });
});

describe('the table of statuses', () => {
  test('no sign reads as a digit, a letter or an operator of the number after it, and each takes one column', () => {
    for (const { sign } of Object.values(STATUSES)) {
      expect(sign).not.toMatch(/[\p{L}\p{N}+\-~=.…×✕‖|<>*/]/u);
      expect(displayWidth(sign)).toBe(1);
    }
  });
});

describe('times', () => {
  test.each([
    [0, '0 s'],
    [1_240, '1.2 s'],
    [2_000, '2 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [59_700, '1 min'],
    [725_000, '12 min 5 s'],
    [3_605_000, '1 h'],
    [10_925_000, '3 h 2 min'],
    [2 * 86_400_000 + 3 * 3_600_000, '2 d 3 h'],
  ])('%i ms are %s', (spanMs, text) => {
    expect(formatDuration(spanMs)).toBe(text);
  });

  test('instants are in UTC', () => {
    expect(formatUtcTime('2026-03-02T01:10:04.512Z')).toBe('2026-03-02 01:10:04 UTC');
    expect(formatUtcTime(0)).toBe('1970-01-01 00:00:00 UTC');
  });

  test('numbers have separators, nouns agree', () => {
    expect(formatNumber(1_234_567)).toBe('1,234,567');
    expect([formatCount(0, 'row'), formatCount(1, 'row'), formatCount(1000, 'row')]).toEqual([
      '0 rows',
      '1 row',
      '1,000 rows',
    ]);
  });
});
