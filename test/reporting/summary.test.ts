/** What summary.json says about a run: counts, reasons, exit. */
import { describe, expect, test } from 'vitest';
import { applyEvent, createRunState, type RunState } from '../../src/events/run-state.js';
import { EXIT } from '../../src/model/stop.js';
import { decideExit } from '../../src/reporting/exit-code.js';
import { addResult, createTotals, type Result, toResult } from '../../src/reporting/results.js';
import { type Summary, summarize } from '../../src/reporting/summary.js';
import { resultNamed } from '../support/page.js';

const FILES = {
  journal: 'journal.ndjson',
  results: 'results.csv',
  failed: 'failed.csv',
  summary: 'summary.json',
  report: 'report.html',
};

function stateOf(command: 'apply' | 'rollback', more: Partial<RunState> = {}): RunState {
  const state = createRunState();
  state.runs.push({
    type: 'run',
    at: 0,
    schemaVersion: 2,
    runId: 'r',
    toolVersion: '1.0.0',
    command,
    resumed: false,
    simulated: false,
    input: {
      path: 'g.csv',
      sha256: 'x',
      rows: 1,
      items: 1,
      isClean: true,
    },
    shape: {
      resource: 'groups',
      options: {},
      skipInvalid: false,
      dialect: { encoding: 'utf-8', delimiter: ',', map: {} },
    },
    target: { baseUrl: 'https://api.zoom.us/v2', api: 'im', accountPlan: 'pro', perSecond: 30 },
  });
  return Object.assign(state, more);
}

function summaryOfResults(results: readonly Result[], state = stateOf('apply')): Summary {
  const totals = createTotals();
  for (const result of results) addResult(totals, result);
  return summarize(state, totals, FILES);
}

describe('the counts', () => {
  test('of apply name each status of its rows, also those that do not occur, and no other', () => {
    expect(summaryOfResults([resultNamed('a', 2)]).counts).toEqual({
      created: 1,
      updated: 0,
      'already-provisioned': 0,
      duplicate: 0,
      failed: 0,
      unknown: 0,
      invalid: 0,
      'not-attempted': 0,
    });
  });

  test('of a rollback have its own', () => {
    const { counts, command } = summaryOfResults([resultNamed('a', 2, 'kept')], stateOf('rollback'));
    expect(command).toBe('rollback');
    expect(counts).toMatchObject({ deleted: 0, restored: 0, kept: 1, failed: 0 });
    expect(counts).not.toHaveProperty('created');
  });
});

describe('the reasons', () => {
  test('are grouped, the most frequent first, each with the first row that has it', () => {
    const failed = (name: string, line: number, detail: string) =>
      resultNamed(name, line, 'failed', { detail });
    const { reasons } = summaryOfResults([
      resultNamed('ok', 2),
      failed('A', 3, 'Invalid type.'),
      failed('B', 4, 'Too long.'),
      failed('C', 5, 'Too long.'),
    ]);
    expect(reasons).toEqual([
      { status: 'failed', reason: 'Too long.', rows: 2, example: { line: 4, name: 'B' } },
      { status: 'failed', reason: 'Invalid type.', rows: 1, example: { line: 3, name: 'A' } },
    ]);
  });

  test('of invalid rows are grouped by rule, while each row shows its own value', () => {
    const invalid = (line: number, value: string) =>
      toResult(
        {
          type: 'invalid',
          row: { line, cells: [], raw: '' },
          name: 'x',
          problems: [{ line, column: 2, rule: 'boolean-unknown', message: 'yes or no', value }],
        },
        createRunState(),
      );
    const results = [invalid(2, 'ja'), invalid(3, 'nein')];
    expect(results.map(({ outcome }) => outcome.detail)).toEqual([
      'boolean-unknown: yes or no (ja)',
      'boolean-unknown: yes or no (nein)',
    ]);
    expect(summaryOfResults(results).reasons).toMatchObject([
      { reason: 'boolean-unknown: yes or no', rows: 2, example: { line: 2 } },
    ]);
  });

  test('include a duplicate of a failed row, but none of a row that is still pending', () => {
    const state = createRunState();
    const ref = { key: 'failed', fingerprint: '', name: 'failed', line: 2 };
    const outcome = { status: 'failed', detail: 'Invalid type.' } as const;
    applyEvent(state, { type: 'known', at: 1, outcomes: [{ ...ref, outcome }] });
    const results = ['failed', 'pending'].map((key, i) =>
      toResult(
        {
          ...{ type: 'duplicate', key, fingerprint: '', name: key, of: i + 2 },
          row: { line: i + 4, cells: [], raw: '' },
        },
        state,
      ),
    );
    expect(summaryOfResults(results)).toMatchObject({
      not_provisioned: 2,
      reasons: [{ status: 'duplicate', rows: 1, example: { line: 4, name: 'failed' } }],
    });
  });

  test('stay few, however many there are', () => {
    const results = Array.from({ length: 2_000 }, (_, i) =>
      resultNamed('x', i + 2, 'failed', { detail: `reason ${i}` }),
    );
    expect(summaryOfResults(results).reasons).toHaveLength(8);
  });
});

describe('the exit', () => {
  const stop = { exit: EXIT.retryLater, reason: 'outage', message: 'Zoom is down', hint: 'Wait.' } as const;

  test('is 0 if every row is provisioned, even after a stop', () => {
    expect(decideExit({ stop }, { unprovisioned: 0, open: 0 })).toEqual({
      code: 0,
      reason: 'every row is provisioned',
    });
  });

  test('of a stop carries its reason, message and hint', () => {
    expect(decideExit({ stop }, { unprovisioned: 3, open: 3 })).toEqual({
      code: 4,
      reason: 'outage',
      message: 'Zoom is down',
      hint: 'Wait.',
    });
  });

  test('is 4 for a run that was killed, 1 for one that finished with failed rows', () => {
    const none = { stop: undefined };
    expect(decideExit(none, { unprovisioned: 3, open: 1 })).toMatchObject({ code: 4, reason: 'cut-off' });
    expect(decideExit(none, { unprovisioned: 3, open: 0 })).toEqual({
      code: 1,
      reason: '3 rows are not provisioned',
    });
    expect(decideExit(none, { unprovisioned: 0, open: 0 }, ['shard 2/3 is missing'])).toEqual({
      code: 1,
      reason: 'shard 2/3 is missing',
    });
  });

  test('is 6 for an incomplete journal, even if every row is provisioned', () => {
    const unwritable = { ...stop, exit: EXIT.unwritable, reason: 'journal-unwritable' } as const;
    expect(decideExit({ stop: unwritable }, { unprovisioned: 0, open: 0 }).code).toBe(6);
  });
});
