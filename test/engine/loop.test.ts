/** The loop on a virtual clock: what a run does about the replies it gets, in which order, and when it stops. */
import { describe, expect, test } from 'vitest';
import type { EventOf } from '../../src/events/event.js';
import type { Reply } from '../../src/model/reply.js';
import type { Status } from '../../src/model/statuses.js';
import { createStop, EXIT, FatalError } from '../../src/model/stop.js';
import { created, eventsOf, rejected, serverError, unauthorized } from '../support/events.js';
import type { Request } from '../support/scripted-api.js';
import {
  createSession,
  createStep,
  type RunScript,
  rowOf,
  runScript,
  type ScriptedRun,
  toRef,
} from '../support/scripted-run.js';

const dailyLimit: Reply = {
  type: 'quota-exceeded',
  httpStatus: 429,
  message: 'daily',
  resetsAt: Date.UTC(2030, 0, 2),
};
const paidPlan: Reply = { type: 'fatal', message: 'paid', stop: createStop('paid-plan', 'paid', 'pay') };
const journalFull = new FatalError(createStop('journal-unwritable', 'no space left', 'make room'));
const interrupt = new FatalError(createStop('SIGINT', 'interrupted', ''));

const statusOf = ({ state }: ScriptedRun, row: number): Status | undefined =>
  state.rows.get(`group ${row}`)?.outcome?.status;
const count = ({ state }: ScriptedRun, status: Status): number => state.counts.get(status) ?? 0;
const rowsSent = ({ sent }: ScriptedRun): readonly number[] =>
  [...new Set(sent.map(rowOf))].sort((a, b) => a - b);

/** What holds after every stop: it is recorded once, nothing is sent after it, and the file is not read on. */
function expectStop(run: ScriptedRun, reason: string): void {
  expect(run.error).toBeUndefined();
  expect(run.state.stop?.reason).toBe(reason);
  const recorded = [...eventsOf(run.events, 'stop'), ...eventsOf(run.lost, 'stop')];
  expect(recorded.map(({ stop }) => stop.reason)).toEqual([reason]);
  const stoppedAt = recorded[0]?.at ?? 0;
  const after = run.events.slice(run.events.findIndex(({ type }) => type === 'stop'));
  expect(eventsOf(after, 'attempt')).toEqual([]);
  expect(run.sent.filter(({ at }) => at > stoppedAt)).toEqual([]);
  expect(run.rowsRead).toBeLessThanOrEqual(rowsSent(run).length + 22);
  expect(run.endedAt - stoppedAt, 'the run did not end at once').toBeLessThanOrEqual(100);
}

describe('one reply that stops the run', () => {
  const cases: readonly (readonly [string, RunScript['answer'], number, string])[] = [
    ['the daily limit', (r) => (rowOf(r) === 5 ? dailyLimit : created), EXIT.retryLater, 'daily-limit'],
    [
      'a refusal that every row shares',
      (r) => (rowOf(r) === 5 ? paidPlan : created),
      EXIT.actionRequired,
      'paid-plan',
    ],
    [
      'a fresh token that is refused before any call accepted it',
      (r) =>
        rowOf(r) === 5
          ? { type: 'fatal', message: 'no', stop: createStop('token-refused', 'no', '') }
          : created,
      EXIT.actionRequired,
      'token-refused',
    ],
    [
      'an outage that the request path gave up on',
      (r) =>
        rowOf(r) === 5
          ? { type: 'replied', reply: serverError, stop: createStop('outage', 'down', '') }
          : created,
      EXIT.retryLater,
      'outage',
    ],
    [
      'credentials that are refused in mid-run',
      (r) => (rowOf(r) === 5 ? { type: 'not-sent', stop: createStop('credentials', 'no', '') } : created),
      EXIT.actionRequired,
      'credentials',
    ],
  ];

  test.each(cases)('is %s; requests in flight are answered', async (_, answer, exit, reason) => {
    const run = await runScript({ rows: 60, answer });
    expectStop(run, reason);
    expect(run.state.stop?.exit).toBe(exit);
    expect(statusOf(run, 5)).toBeUndefined();
    expect(run.sent.length).toBeLessThan(30);
    expect(count(run, 'created')).toBe(rowsSent(run).length - 1);
  });

  test('is the fifth token in a row that is refused for one request', async () => {
    const run = await runScript({ rows: 20, answer: (r) => (rowOf(r) === 5 ? unauthorized : created) });
    expectStop(run, 'token-refused');
    expect(run.sent.filter((request) => rowOf(request) === 5)).toHaveLength(5);
  });

  test('is not a token that is refused once', async () => {
    const run = await runScript({ answer: ({ attempt }) => (attempt === 1 ? unauthorized : created) });
    expect([run.state.stop, count(run, 'created'), run.sent.length]).toEqual([undefined, 20, 40]);
  });
});

describe('--max-failures', () => {
  test('starts no further row, and rows in flight finish, through a retry too', async () => {
    const run = await runScript({
      rows: 60,
      maxFailures: 3,
      answer: (request) => {
        const row = rowOf(request);
        if (row === 4) return request.attempt === 1 ? serverError : created;
        return [2, 5, 6, 7].includes(row) ? rejected : created;
      },
    });
    expect(run.state.stop).toMatchObject({ exit: EXIT.retryLater, reason: 'max-failures' });
    expect(run.state.stop?.message).toContain('3 rows failed');
    const stops = eventsOf(run.events, 'stop');
    expect(stops.length).toBe(1);
    const late = run.sent.filter(({ at }) => at > (stops[0]?.at ?? 0));
    expect(late.map(rowOf)).toEqual([4]);
    expect(statusOf(run, 4)).toBe('created');
    expect(rowsSent(run).every((row) => statusOf(run, row) !== undefined)).toBe(true);
    expect(run.sent.length).toBeLessThan(30);
  });

  test('still settles rows that were attempted, and begins no other', async () => {
    const asked: boolean[] = [];
    const ref = toRef(1);
    const session = createSession(
      () => [{ steps: [createStep(1)] }, { steps: [createStep(2)] }, { steps: [createStep(3)] }],
      (draining) => {
        asked.push(draining);
        const read = createStep(1, {
          effect: 'read',
          call: { label: 'medium', method: 'GET', path: '/things/1', success: 200 },
          judge: () => ({ steps: [createStep(1), createStep(9)] }),
        });
        return [{ steps: [read] }];
      },
    );
    const run = await runScript({
      session,
      concurrency: 1,
      maxFailures: 1,
      answer: (request) => {
        if (rowOf(request) === 1)
          return request.attempt <= 3 && request.call.method === 'POST' ? serverError : created;
        return rejected;
      },
    });
    expect(run.state.stop?.reason).toBe('max-failures');
    expect(asked).toEqual([true]);
    expect(run.sent.map((request) => `${request.call.method} ${rowOf(request)}`)).toEqual([
      'POST 1',
      'POST 1',
      'POST 1',
      'POST 2',
      'GET 1',
      'POST 1',
    ]);
    expect(run.state.rows.get(ref.key)?.outcome?.status).toBe('created');
  });
});

describe('an abort', () => {
  test('lets what is in flight be answered, and starts nothing after it', async () => {
    const run = await runScript({ rows: 60, answer: () => created, abort: { at: 150, reason: interrupt } });
    expectStop(run, 'SIGINT');
    expect(run.state.stop?.exit).toBe(EXIT.interrupt);
    expect(run.sent.length).toBeGreaterThan(10);
    expect(count(run, 'created')).toBe(run.sent.length);
    expect(run.sent.some(({ at, answeredAt }) => at < 150 && answeredAt > 150)).toBe(true);
  });

  test('before the first row sends nothing', async () => {
    const run = await runScript({ answer: () => created, abort: { at: 0, reason: interrupt } });
    expect([run.state.stop?.reason, run.sent, run.rowsRead]).toEqual(['SIGINT', [], 0]);
  });

  test('takes effect at once while every row waits to be sent again', async () => {
    const answer = (): Reply => ({ ...serverError, waitMs: 60_000 });
    const run = await runScript({ rows: 5, answer, abort: { at: 10_000, reason: interrupt } });
    expectStop(run, 'SIGINT');
    expect(run.endedAt).toBe(10_000);
    expect(count(run, 'failed')).toBe(0);
  });

  test('takes effect between the pages of a list', async () => {
    const page = (n: number): ReturnType<typeof createStep> =>
      createStep(n, {
        effect: 'read',
        call: { label: 'medium', method: 'GET', path: `/pages/${n}`, success: 200 },
        judge: () => ({ steps: [page(n + 1)] }),
      });
    const session = createSession(() => [{ steps: [page(1)] }]);
    const run = await runScript({ session, answer: () => created, abort: { at: 950, reason: interrupt } });
    expectStop(run, 'SIGINT');
    expect(run.sent.length).toBe(10);
  });

  test('without a reason of ours is a stop too', async () => {
    const run = await runScript({ answer: () => created, abort: { at: 50, reason: new Error('x') } });
    expectStop(run, 'aborted');
    expect(run.state.stop?.exit).toBe(EXIT.retryLater);
  });

  test('at any moment ends as one stop, with a reply to everything that was sent', async () => {
    for (let at = 0; at <= 400; at += 7) {
      const answer = (r: Request): Reply => (rowOf(r) % 3 === 0 && r.attempt === 1 ? serverError : created);
      const run = await runScript({ rows: 30, answer, abort: { at, reason: interrupt } });
      expectStop(run, 'SIGINT');
      expect(eventsOf(run.events, 'reply').length).toBe(run.sent.length);
    }
  });
});

describe('the journal', () => {
  test('has an attempt before it is sent, and its reply before its row is sent again', async () => {
    const seen: string[] = [];
    await runScript({
      rows: 30,
      onRecord: (event) => {
        if (event.type === 'attempt') seen.push(`attempt ${event.step} ${event.n} ${event.rows[0]?.line}`);
        if (event.type === 'reply') seen.push(`reply ${event.step} ${event.n}`);
      },
      onSend: (request) => void seen.push(`sent ${rowOf(request)} ${request.attempt}`),
      answer: (request) => (request.attempt === 1 && rowOf(request) % 10 === 0 ? serverError : created),
    });
    const sends = seen.filter((entry) => entry.startsWith('sent'));
    expect(sends.length).toBe(33);
    for (const sent of sends) {
      const [, row, n] = sent.split(' ').map(Number);
      const before = seen.slice(0, seen.indexOf(sent));
      const attempts = before.filter(
        (entry) => entry.startsWith('attempt') && entry.endsWith(` ${Number(row) + 1}`),
      );
      expect(attempts.length, sent).toBe(n);
      const steps = new Set(attempts.map((entry) => entry.split(' ')[1]));
      expect(steps.size).toBe(1);
      const replies = before.filter((entry) => entry.startsWith(`reply ${[...steps][0]} `));
      expect(replies.length, sent).toBe(Number(n) - 1);
    }
  });

  test('keeps a reply and the outcomes that follow from it as one record', async () => {
    const run = await runScript({ rows: 3, answer: () => created });
    const replies = eventsOf(run.events, 'reply');
    expect(replies.map(({ outcomes }) => outcomes?.map(({ name }) => name))).toEqual([
      ['Group 1'],
      ['Group 2'],
      ['Group 3'],
    ]);
    expect(eventsOf(run.events, 'known')).toEqual([]);
  });

  test('that cannot take an attempt prevents its request', async () => {
    const run = await runScript({
      rows: 30,
      answer: () => created,
      onRecord: (event) => {
        if (event.type === 'attempt' && event.rows[0]?.name === 'Group 5') throw journalFull;
      },
    });
    expectStop(run, 'journal-unwritable');
    expect(run.state.stop?.exit).toBe(EXIT.unwritable);
    expect(rowsSent(run)).toEqual([1, 2, 3, 4]);
    expect(run.lost).toEqual([]);
    expect(count(run, 'created')).toBe(4);
  });

  test('that takes nothing any more: what was in flight is reported in the last place, and only that', async () => {
    for (let nth = 1; nth <= 40; nth += 1) {
      let recorded = 0;
      const run = await runScript({
        rows: 30,
        answer: () => created,
        onRecord: () => {
          recorded += 1;
          if (recorded >= nth) throw journalFull;
        },
      });
      expect(run.error).toBeUndefined();
      expect(run.state.stop?.reason).toBe('journal-unwritable');
      const isCreated = (event: { type: string }): event is EventOf<'reply'> => event.type === 'reply';
      const rows = [...run.events, ...run.lost].filter(isCreated).flatMap(({ outcomes = [] }) => outcomes);
      expect(rows.map(({ line }) => line - 1).sort((a, b) => a - b)).toEqual(rowsSent(run));
      expect(eventsOf(run.lost, 'attempt')).toEqual([]);
      expect(eventsOf(run.lost, 'stop').length).toBe(1);
    }
  });
});

describe('a bug', () => {
  const bug = new Error('a bug');
  const fail = (): never => {
    throw bug;
  };
  const cases: readonly (readonly [string, () => Partial<RunScript>])[] = [
    ['the API client', () => ({ answer: ({ nth }) => (nth === 5 ? fail() : created) })],
    ['the limiter', () => ({ onSlot: () => fail() })],
    [
      'the journal',
      () => ({
        onRecord: (event) => (event.type === 'attempt' && event.rows[0]?.line === 6 ? fail() : undefined),
      }),
    ],
    ['the random numbers', () => ({ answer: () => serverError, random: fail })],
    ['the rows', () => ({ rowsFailAt: { row: 5, error: bug } })],
    [
      'a resource',
      () => ({
        session: createSession(() => [
          { steps: [createStep(1), createStep(2, { judge: fail }), createStep(3)] },
        ]),
      }),
    ],
    [
      'the journal at an abort',
      () => ({
        abort: { at: 150, reason: interrupt },
        onRecord: (event) => (event.type === 'stop' ? fail() : undefined),
      }),
    ],
  ];
  test.each(
    cases,
  )('of %s is thrown by the run, after all that was in flight was answered', async (_, createScript) => {
    const run = await runScript({ rows: 60, answer: () => created, ...createScript() });
    expect(run.error).toBe(bug);
    expect(run.sent.filter(({ at }) => at > run.endedAt)).toEqual([]);
    expect(run.sent.filter(({ answeredAt }) => answeredAt > run.endedAt)).toEqual([]);
    expect(run.events.filter(({ at }) => at > run.endedAt)).toEqual([]);
    expect(run.sent.length).toBeLessThan(30);
  });

  test('is not a file that cannot be read on: that is a stop', async () => {
    const error = new FatalError(createStop('usage', 'the file changed', ''));
    const run = await runScript({ rows: 60, answer: () => created, rowsFailAt: { row: 25, error } });
    expect([run.error, run.state.stop?.reason]).toEqual([undefined, 'usage']);
    expect(count(run, 'created')).toBe(run.sent.length);
  });
});

describe('the order of steps', () => {
  test('follow-ups go before rows that wait, depth first', async () => {
    const follow = (
      name: string,
      steps: readonly ReturnType<typeof createStep>[],
    ): ReturnType<typeof createStep> => createStep(1, { operation: name, judge: () => ({ steps }) });
    const session = createSession(() => [
      {
        steps: [
          follow('a', [follow('a1', [follow('a11', [])]), follow('a2', [])]),
          follow('b', []),
          follow('c', []),
        ],
      },
    ]);
    const run = await runScript({ session, concurrency: 1, answer: () => created });
    expect(eventsOf(run.events, 'attempt').map(({ operation }) => operation)).toEqual([
      'a',
      'a1',
      'a11',
      'a2',
      'b',
      'c',
    ]);
  });

  test('a phase begins when nothing of the last one waits or is in flight', async () => {
    const begun: number[] = [];
    const session = createSession(
      () => [{ steps: [createStep(1), createStep(2)] }],
      () => {
        begun.push(1);
        return [{ steps: [createStep(3)] }];
      },
    );
    const run = await runScript({
      session,
      answer: (r) => (rowOf(r) === 2 && r.attempt === 1 ? serverError : created),
    });
    const [, , again, third] = run.sent;
    expect(begun).toEqual([1]);
    expect(again && rowOf(again)).toBe(2);
    expect(third?.at).toBeGreaterThanOrEqual(again?.answeredAt ?? Infinity);
  });

  test('rows are not read far ahead of what is sent', async () => {
    let ahead = 0;
    const sent = new Set<number>();
    let read = 0;
    const session = createSession(function* () {
      for (let row = 1; row <= 500; row += 1) {
        read = row;
        ahead = Math.max(ahead, read - sent.size);
        yield { steps: [createStep(row)] };
      }
    });
    const run = await runScript({
      session,
      concurrency: 10,
      answer: () => created,
      onSend: (request) => void sent.add(rowOf(request)),
    });
    expect(count(run, 'created')).toBe(500);
    expect(ahead).toBeLessThanOrEqual(22);
  });

  test('at most as many requests of a label are in flight as it has places', async () => {
    const run = await runScript({ rows: 200, concurrency: 7, latencyMs: 1_000, answer: () => created });
    const inFlight = run.sent.map(
      ({ at }) => run.sent.filter((one) => one.at <= at && at < one.answeredAt).length,
    );
    expect(Math.max(...inFlight)).toBe(7);
  });

  test('a step that waits before its first attempt is sent after that wait', async () => {
    const session = createSession(() => [{ steps: [createStep(1, { delayMs: 4_000 })] }]);
    const run = await runScript({ session, answer: () => created });
    expect(run.sent.map(({ at }) => at)).toEqual([4_000]);
  });
});

test('speed is one label’s own: a paused label holds up no other', async () => {
  const heavy = (row: number): ReturnType<typeof createStep> =>
    createStep(row, { call: { label: 'heavy', method: 'POST', path: `/things/${row}`, success: 201 } });
  const session = createSession(() => [
    { steps: [heavy(1), heavy(2), heavy(3), createStep(4), createStep(5)] },
  ]);
  const run = await runScript({ session, concurrency: 1, perSecond: { heavy: 0.1 }, answer: () => created });
  const light = run.sent.filter(({ call }) => call.label === 'light');
  expect(light.map(({ answeredAt }) => answeredAt < 1_000)).toEqual([true, true]);
  expect(count(run, 'created')).toBe(5);
});
