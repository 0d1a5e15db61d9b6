/** What a run's events add up to: doubts, outcomes, what a rollback can undo, and the counts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Event,
  type EventOf,
  type Note,
  type ReplyRecord,
  SCHEMA_VERSION,
} from '../../src/events/event.js';
import { isInDoubt, listDoubts } from '../../src/events/row-state.js';
import {
  applyEvent,
  countSentToday,
  createRunState,
  mergeRunStates,
  type RunState,
  sumCounts,
} from '../../src/events/run-state.js';
import { isEvent } from '../../src/journal/event-schema.js';
import { RATE_LABELS } from '../../src/model/call.js';
import type { RowRef } from '../../src/model/outcome.js';
import { isProvisioned, STATUS_NAMES, type Status } from '../../src/model/statuses.js';
import { createStop } from '../../src/model/stop.js';

const DAY_MS = 86_400_000;
const run: EventOf<'run'> = {
  type: 'run',
  at: 0,
  schemaVersion: SCHEMA_VERSION,
  runId: 'r',
  toolVersion: '0',
  command: 'apply',
  resumed: false,
  simulated: true,
  input: { path: 'a.csv', sha256: '', rows: 1, items: 1, isClean: true },
  target: { baseUrl: 'http://127.0.0.1', api: 'im', accountPlan: 'pro', perSecond: 30 },
  shape: {
    resource: 'groups',
    options: {},
    skipInvalid: false,
    dialect: { encoding: '', delimiter: '', map: {} },
  },
};

const refOf = (key: string, fingerprint = ''): RowRef => ({
  key,
  fingerprint,
  name: key.toUpperCase(),
  line: 2,
});

type AttemptOptions = {
  key?: string;
  n?: number;
  operation?: string;
  note?: Note;
  at?: number;
  effect?: 'read';
};
function attempt(step: number, options: AttemptOptions = {}): EventOf<'attempt'> {
  const { key = 'a', n = 1, operation = 'create', note, at = 1, effect = 'write' } = options;
  const event = {
    type: 'attempt',
    at,
    step,
    n,
    operation,
    label: 'light',
    effect,
    rows: [refOf(key)],
  } as const;
  return note === undefined ? event : { ...event, note };
}

const LOST: ReplyRecord = { type: 'transient', ambiguous: true };
const REFUSED: ReplyRecord = { type: 'rejected', httpStatus: 400 };
const ACCEPTED: ReplyRecord = { type: 'success', httpStatus: 201 };
const LIMITED: ReplyRecord = { type: 'rate-limited', httpStatus: 429 };

type ReplyOptions = { n?: number; key?: string; status?: Status; id?: string; detail?: string };
function reply(step: number, record: ReplyRecord, options: ReplyOptions = {}): EventOf<'reply'> {
  const { n = 1, key = 'a', status, id, detail = '' } = options;
  const event = { type: 'reply', at: 2, step, n, label: 'light', reply: record } as const;
  if (status === undefined) return event;
  const ids = id === undefined ? {} : { ids: { groupId: id } };
  return { ...event, outcomes: [{ ...refOf(key), outcome: { status, detail, ...ids } }] };
}

function known(status: Status, id?: string): EventOf<'known'> {
  const ids = id === undefined ? {} : { ids: { groupId: id } };
  return { type: 'known', at: 3, outcomes: [{ ...refOf('a'), outcome: { status, detail: '', ...ids } }] };
}

function end(exit: EventOf<'end'>['exit']): EventOf<'end'> {
  return { type: 'end', at: 5, exit, reason: '' };
}

function pace(pauseMs: number): EventOf<'pace'> {
  return { type: 'pace', at: 4, label: 'light', perSecond: 15, pauseMs, reason: '429' };
}

function reduce(...events: readonly Event[]): RunState {
  const state = createRunState();
  for (const event of events) applyEvent(state, event);
  return state;
}

const rowAfter = (...events: readonly Event[]) => reduce(run, ...events).rows.get('a');

describe('a row is in doubt', () => {
  test('after a crash between its request and the reply, and stays so in the next process', () => {
    const note = { absentBefore: true };
    const row = rowAfter(attempt(1, { note, at: 7 }), run);
    expect(listDoubts(row)).toEqual([{ operation: 'create', at: 7, note }]);
  });

  test('after a lost reply', () => {
    expect(isInDoubt(rowAfter(attempt(1), reply(1, LOST)))).toBe(true);
  });

  test('until a clear refusal of that very attempt', () => {
    expect(isInDoubt(rowAfter(attempt(1), reply(1, REFUSED)))).toBe(false);
    const retried = [attempt(1), reply(1, LOST), attempt(1, { n: 2 }), reply(1, REFUSED, { n: 2 })];
    expect(isInDoubt(rowAfter(...retried))).toBe(true);
    // Step 1 of the second process is another step.
    expect(isInDoubt(rowAfter(attempt(1), run, attempt(1), reply(1, REFUSED)))).toBe(true);
  });

  test('although another request of it succeeded, if that proves no outcome', () => {
    expect(isInDoubt(rowAfter(attempt(1), run, attempt(1), reply(1, ACCEPTED)))).toBe(true);
  });

  test.each(STATUS_NAMES.filter((status) => status !== 'unknown'))('until it is %s', (status) => {
    expect(isInDoubt(rowAfter(attempt(1), run, known(status)))).toBe(false);
  });

  test('also after it was called unknown: a resume looks for what it may have done', () => {
    expect(isInDoubt(rowAfter(attempt(1), reply(1, LOST), known('unknown')))).toBe(true);
  });

  test('after a write only: a read changes nothing', () => {
    expect(rowAfter(attempt(1, { effect: 'read' }), run)).toBeUndefined();
  });

  test('each row of a batch by itself', () => {
    const batch = { ...attempt(1), rows: [refOf('a'), refOf('b')] };
    const state = reduce(run, batch, reply(1, LOST), known('created'));
    expect([isInDoubt(state.rows.get('a')), isInDoubt(state.rows.get('b'))]).toEqual([false, true]);
  });
});

describe('an outcome', () => {
  test('is forgotten when its row is sent again', () => {
    expect(
      rowAfter(attempt(1), reply(1, REFUSED, { status: 'failed' }), attempt(2))?.outcome,
    ).toBeUndefined();
  });

  test('counts as provisioned before a resume', () => {
    const state = reduce(run, attempt(1), reply(1, ACCEPTED, { status: 'created', id: 'g1' }), run);
    expect(state.carriedOver).toBe(1);
    expect(sumCounts(state.counts)).toBe(1);
  });
});

describe('a process', () => {
  const stop = createStop('outage', 'down', '');
  const ended = [run, attempt(1), { type: 'stop', at: 4, stop }, end(4)] as const;

  test('ends with its stop and its exit code', () => {
    expect(reduce(...ended)).toMatchObject({ stop, end: { exit: 4 } });
  });

  test('that resumes a run waits for no reply of the earlier one, and has not stopped or ended', () => {
    const state = reduce(...ended, run);
    expect([state.pending.size, state.stop, state.end]).toEqual([0, undefined, undefined]);
  });

  test('finds the notes of replies and of what was known without a request', () => {
    const state = reduce(
      run,
      attempt(1),
      { ...reply(1, ACCEPTED), notes: [{ bodyFormat: 'json' }] },
      { type: 'known', at: 3, notes: [{ groupId: 'g1' }] },
    );
    expect(state.notes).toEqual([{ bodyFormat: 'json' }, { groupId: 'g1' }]);
  });
});

test('a row whose settings changed before a resume is the row with the new ones', () => {
  const before = { ...attempt(1), rows: [refOf('a', 'type=shared')] };
  const after = { ...attempt(1, { at: 3 }), rows: [refOf('a', 'type=normal')] };
  expect(reduce(run, before, reply(1, LOST), run, after).rows.get('a')?.fingerprint).toBe('type=normal');
});

test('a reply ends the wait for it, and is what Zoom said last of its rows', () => {
  const state = reduce(run, attempt(1), reply(1, REFUSED));
  expect(state.pending.size).toBe(0);
  expect(state.rows.get('a')?.last).toEqual(REFUSED);
});

test('the working time of a run of the library, which has no header, begins with its first event', () => {
  const state = reduce(attempt(1, { at: 700_000 }), attempt(2, { at: 700_400 }));
  expect(state.activeMs).toBe(400);
});

test('several runs in one report keep the seconds in which they worked', () => {
  const at = Date.UTC(2026, 10, 25, 12);
  const merged = mergeRunStates([reduce({ ...run, at }, attempt(1, { at }))]);
  expect([...merged.timeline.keys()]).toEqual([at / 1_000]);
});

test('only a row without a line in the file keeps its name: the others are in the file', () => {
  const rows = [refOf('a'), { ...refOf('b'), line: 0 }];
  const state = reduce(run, { ...attempt(1), rows });
  expect([state.rows.get('a')?.name, state.rows.get('b')?.name]).toEqual([undefined, 'B']);
});

test('what a reader sees of a run second by second: requests sent, sent again, and limited, and rows that ended', () => {
  const state = reduce(
    run,
    attempt(1, { at: 1_999 }),
    attempt(1, { at: 2_000, n: 2 }),
    { ...reply(1, LIMITED, { n: 2 }), at: 2_999 },
    { ...known('created'), at: 3_000 },
    attempt(2, { at: 3_500, effect: 'read' }),
  );
  expect([...state.timeline]).toEqual([
    [1, { sent: 1, settled: 0, retried: 0, limited: 0 }],
    [2, { sent: 1, settled: 0, retried: 1, limited: 1 }],
    [3, { sent: 0, settled: 1, retried: 0, limited: 0 }],
  ]);
  expect(state.requests).toEqual({ sent: 2, retried: 1, rateLimited: 1, lists: 1 });
});

test('every new rate is kept, and the pauses among them', () => {
  const state = reduce(run, pace(0), pace(1));
  expect([state.rates, state.pauses]).toEqual([[pace(0), pace(1)], [pace(1)]]);
});

describe('what a rollback can undo', () => {
  const valuesBefore = (type: string): Note => ({ groupId: 'g1', before: { type } });

  test('is a group that this run created, and nothing that existed before', () => {
    expect(rowAfter(attempt(1), reply(1, ACCEPTED, { status: 'created', id: 'g1' }))?.effects).toMatchObject([
      { operation: 'create', name: 'A', ids: { groupId: 'g1' } },
    ]);
    expect(
      rowAfter(attempt(1), reply(1, REFUSED, { status: 'already-provisioned', id: 'g1' }))?.effects,
    ).toBeUndefined();
  });

  test('has the id that only a later listing showed, once', () => {
    const row = rowAfter(attempt(1), reply(1, ACCEPTED, { status: 'created' }), known('created', 'g9'));
    expect(row?.effects).toMatchObject([{ operation: 'create', ids: { groupId: 'g9' } }]);
    expect(row?.effects?.length).toBe(1);
  });

  test('has the oldest values before an update, if a crash made it be sent twice', () => {
    const row = rowAfter(
      attempt(1, { operation: 'update', note: valuesBefore('normal') }),
      run,
      attempt(1, { operation: 'update', note: valuesBefore('shared') }),
      reply(1, ACCEPTED, { status: 'updated', id: 'g1' }),
    );
    expect(row?.effects).toMatchObject([{ operation: 'update', note: valuesBefore('normal') }]);
  });

  test('keeps its values if a later outcome only adds detail', () => {
    const row = rowAfter(
      attempt(1, { operation: 'update', note: valuesBefore('normal') }),
      reply(1, ACCEPTED, { status: 'updated', id: 'g1' }),
      known('updated', 'g1'),
    );
    expect(row?.effects).toMatchObject([{ operation: 'update', note: valuesBefore('normal') }]);
    expect(row?.effects?.length).toBe(1);
  });

  test('is the update whose answer was lost, once the group proves it', () => {
    const row = rowAfter(
      attempt(1, { operation: 'update', note: valuesBefore('normal') }),
      run,
      known('updated', 'g1'),
    );
    expect(row?.effects).toMatchObject([
      { operation: 'update', note: valuesBefore('normal'), ids: { groupId: 'g1' } },
    ]);
  });
});

test('requests are counted by label and UTC day, reads and writes alike', () => {
  const noon = Date.UTC(2026, 10, 24, 12);
  const state = reduce(
    run,
    attempt(1, { at: noon }),
    attempt(2, { at: noon + 1, effect: 'read' }),
    run,
    attempt(1, { at: noon + DAY_MS / 2 }),
  );
  expect(countSentToday(state, 'light', noon + DAY_MS / 2 - 1)).toBe(2);
  expect(countSentToday(state, 'light', noon + DAY_MS / 2)).toBe(1);
  expect(countSentToday(state, 'heavy', noon)).toBe(0);
});

test('the input that a report is made from is the newest that was stored completely', () => {
  const state = reduce(run, { type: 'input-complete', at: 1 }, run, { type: 'input', at: 2, text: 'na' });
  expect([state.runs.length, state.storedInput]).toEqual([2, 0]);
});

test('the time between two processes is not counted as working time', () => {
  const state = reduce(run, attempt(1, { at: 500 }), { ...run, at: 90_000 }, attempt(1, { at: 90_250 }));
  expect(state.activeMs).toBe(750);
});

test('several runs in one report: their requests, times and warnings, the first stop, and the longest time', () => {
  const stop = createStop('outage', 'down', '');
  const one = reduce(
    run,
    attempt(1),
    reply(1, LIMITED),
    pace(1),
    { type: 'warning', at: 4, message: 'w' },
    { type: 'stop', at: 1_500, stop },
    { ...run, at: 2_000 },
  );
  const other = reduce(
    { ...run, at: 5 },
    attempt(1),
    attempt(1, { n: 2 }),
    attempt(2, { effect: 'read' }),
    { ...known('created'), at: 1_005 },
    { ...run, at: 1_006 },
    { type: 'stop', at: 1_007, stop: createStop('SIGINT', 'interrupted', '') },
  );
  const merged = mergeRunStates([other, one]);
  expect(merged.requests).toEqual({ sent: 3, retried: 1, rateLimited: 1, lists: 1 });
  expect(merged.runs.map(({ at }) => at)).toEqual([0, 5, 1_006, 2_000]);
  expect(merged.warnings).toEqual(['w']);
  expect([merged.pauses, merged.rates]).toEqual([[pace(1)], [pace(1)]]);
  expect([...merged.timeline]).toEqual([
    [0, { sent: 3, settled: 0, retried: 1, limited: 1 }],
    [1, { sent: 0, settled: 1, retried: 0, limited: 0 }],
  ]);
  expect(merged).toMatchObject({
    stop: { reason: 'SIGINT' },
    lastAt: 2_000,
    activeMs: 1_500,
    carriedOver: 1,
  });
});

describe('any sequence of events', () => {
  const at = fc.nat({ max: 10_000 });
  const key = fc.constantFrom('a', 'b', 'c');
  const ref = key.map((one) => refOf(one));
  const label = fc.constantFrom(...RATE_LABELS);
  const record = fc.oneof(
    fc.constantFrom(LOST, REFUSED, ACCEPTED),
    fc.constantFrom<ReplyRecord>(LIMITED, { type: 'conflict', httpStatus: 409 }),
  );
  const outcomes = fc.array(
    fc
      .tuple(
        ref,
        fc.constantFrom(...STATUS_NAMES),
        fc.option(fc.constantFrom('g1', 'g2'), { nil: undefined }),
      )
      .map(([row, status, id]) => ({
        ...row,
        outcome: { status, detail: '', ...(id === undefined ? {} : { ids: { groupId: id } }) },
      })),
    { maxLength: 3 },
  );
  const step = fc.integer({ min: 1, max: 4 });
  const n = fc.integer({ min: 1, max: 3 });
  const event: fc.Arbitrary<Event> = fc.oneof(
    at.map((one) => ({ ...run, at: one })),
    fc.record({
      type: fc.constant('attempt' as const),
      at,
      step,
      n,
      operation: fc.constantFrom('create', 'update', 'delete'),
      label,
      effect: fc.constantFrom('read' as const, 'write' as const),
      rows: fc.array(ref, { maxLength: 3 }),
    }),
    fc.record({ type: fc.constant('reply' as const), at, step, n, label, reply: record, outcomes }),
    fc.record({
      type: fc.constant('known' as const),
      at,
      outcomes,
      notes: fc.constant([{ bodyFormat: 'json' }]),
    }),
    fc.record({ type: fc.constant('warning' as const), at, message: fc.string() }),
    fc.record({
      type: fc.constant('pace' as const),
      at,
      label,
      perSecond: fc.double({ min: 1, max: 80, noNaN: true }),
      pauseMs: fc.nat(),
      reason: fc.string(),
    }),
    at.map((one) => ({ type: 'input-complete' as const, at: one })),
    at.map((one) => ({ type: 'end' as const, at: one, exit: 0 as const, reason: '' })),
  );

  test('can be read, and its counts are those of its rows', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const state = createRunState();
        for (const one of events) {
          expect(isEvent(JSON.parse(JSON.stringify(one)))).toBe(true);
          applyEvent(state, one);
          const found = [...state.rows.values()].flatMap(({ outcome }) => (outcome ? [outcome.status] : []));
          for (const status of STATUS_NAMES) {
            expect(state.counts.get(status) ?? 0).toBe(found.filter((other) => other === status).length);
          }
          expect(sumCounts(state.counts, isProvisioned)).toBe(found.filter(isProvisioned).length);
        }
        const sent = events.filter(({ type }) => type === 'attempt').length;
        expect([...state.sentByDay.values()].reduce((sum, count) => sum + count, 0)).toBe(sent);
        for (const row of state.rows.values()) {
          expect(row.attempts).toBeGreaterThanOrEqual(row.doubts?.size ?? 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('gives the same state whether it is applied live or read from a journal', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const fromJournal = events.map((one): Event => JSON.parse(JSON.stringify(one)));
        expect(reduce(...fromJournal)).toEqual(reduce(...events));
      }),
    );
  });
});
