import { describe, expect, test } from 'vitest';
import { type Event, SCHEMA_VERSION } from '../../src/events/event.js';
import { isInDoubt } from '../../src/events/row-state.js';
import { applyEvent, createRunState, type RunState } from '../../src/events/run-state.js';

const run: Event = {
  e: 'run',
  at: 0,
  schemaVersion: SCHEMA_VERSION,
  runId: 'r',
  toolVersion: '0',
  command: 'apply',
  resumed: false,
  simulated: true,
  input: { path: 'a.csv', sha256: '', rows: 1, dialect: { encoding: '', delimiter: '', map: {} } },
  target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'pro', perSecond: 30 },
};
const attempt: Event = {
  e: 'attempt',
  at: 1,
  op: 'create',
  key: 'a',
  name: 'A',
  line: 2,
  settings: '',
  n: 1,
};
const refusedUnsent: Event = { e: 'reply', at: 2, key: 'a', line: 2, kind: 'trouble', ambiguous: false };
const done: Event = { e: 'reply', at: 2, key: 'a', line: 2, kind: 'done', http: 201, groupId: 'g1' };
const listed = (name: string): Event => ({ e: 'listed', at: 1, groups: [{ id: name, name, members: 0 }] });
const listing: Event = {
  e: 'listing',
  at: 1,
  which: 'baseline',
  ok: true,
  groups: 1,
  requests: 1,
  why: '',
};

function folded(...events: readonly Event[]): RunState {
  const history = createRunState();
  for (const event of events) applyEvent(history, event);
  return history;
}

describe('a row whose process was killed while its request was on the way', () => {
  test('is in doubt', () => {
    expect(isInDoubt(folded(run, attempt).rows.get('a'))).toBe(true);
  });

  test('stays in doubt when the next process got a clear no to its own request', () => {
    expect(isInDoubt(folded(run, attempt, run, attempt, refusedUnsent).rows.get('a'))).toBe(true);
    expect(isInDoubt(folded(run, attempt, refusedUnsent).rows.get('a'))).toBe(false);
  });

  test('is created when the answer came, though nothing settled it', () => {
    const row = folded(run, attempt, done).rows.get('a');
    expect(row).toMatchObject({ createdId: 'g1', outcome: { status: 'created', groupId: 'g1', http: 201 } });
    expect(isInDoubt(row)).toBe(false);
    expect(folded(run, attempt, done, run).carriedOver).toBe(1);
  });
});

describe('what was there before the run', () => {
  test('is told by one whole listing, and not by the half of one that a crash has cut short', () => {
    const { baseline } = folded(run, listed('gone since'), run, listed('there'), listing);
    expect([baseline?.has('gone since'), baseline?.has('there')]).toEqual([false, true]);
  });

  test('is not told by a listing that was taken after something was sent', () => {
    expect(folded(run, attempt, run, listed('A'), listing).baseline).toBeUndefined();
  });
});
