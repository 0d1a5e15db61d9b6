/** When nothing answers, and when everything is refused: the loop on a virtual clock. */
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/model/reply.js';
import { createStop, EXIT } from '../../src/model/stop.js';
import {
  connectionReset,
  created,
  eventsOf,
  rateLimited,
  refusedConnection,
  rejected,
  serverError,
} from '../support/events.js';
import {
  createSession,
  createStep,
  rowOf,
  runScript,
  type ScriptedRun,
  toRef,
} from '../support/scripted-run.js';

const statuses = ({ state }: ScriptedRun): readonly (string | undefined)[] =>
  [...state.rows.values()].flatMap(({ outcome }) => (outcome ? [outcome.status] : []));

describe('if nothing ever answered', () => {
  test.each([
    ['many rows at a time', 20, 10, refusedConnection],
    ['one row', 1, 10, refusedConnection],
    ['row after row', 20, 1, refusedConnection],
    ['connections that are reset', 20, 10, connectionReset],
  ])('the run stops for later, and no row is called failed: %s', async (_, rows, concurrency, reply) => {
    const run = await runScript({ rows, concurrency, answer: () => reply });
    expect(run.state.stop).toMatchObject({ exit: EXIT.retryLater, reason: 'unreachable' });
    expect(run.state.stop?.message).toContain(reply.message);
    expect(eventsOf(run.events, 'stop').length).toBe(1);
    expect(statuses(run)).toEqual([]);
  });

  test('a list that cannot be read stops the run too, with the true cause', async () => {
    const list = createStep(1, {
      effect: 'read',
      rows: [],
      call: { label: 'medium', method: 'GET', path: '/things', success: 200 },
    });
    const run = await runScript({
      session: createSession(() => [{ steps: [list] }]),
      answer: () => refusedConnection,
    });
    expect(run.state.stop?.reason).toBe('unreachable');
    expect(run.sent.length).toBe(5);
  });
});

test('once something answered, a row that could not be sent has failed, and the run goes on', async () => {
  const run = await runScript({
    rows: 20,
    answer: (request) => (rowOf(request) === 3 ? refusedConnection : created),
  });
  expect(run.state.stop).toBeUndefined();
  expect(run.state.rows.get('group 3')?.outcome?.status).toBe('failed');
  expect(run.sent.filter((request) => rowOf(request) === 3).length).toBe(5);
});

test('an outage that stops the run calls no row failed: what was sent is in doubt, the rest was not attempted', async () => {
  const outage = createStop('outage', 'Zoom does not answer', '');
  const run = await runScript({
    rows: 60,
    answer: ({ nth }) =>
      nth === 1 ? created : nth < 9 ? serverError : { type: 'replied', reply: serverError, stop: outage },
  });
  expect(run.state.stop?.reason).toBe('outage');
  expect(statuses(run)).toEqual(['created']);
  const inDoubt = [...run.state.rows.values()].filter(({ doubts }) => (doubts?.size ?? 0) > 0);
  expect(inDoubt.length).toBe(run.state.rows.size - 1);
});

describe('waits before the next attempt', () => {
  test('are random, up to 1, 2, 4 and 8 s, and a new slot is taken for each', async () => {
    let slots = 0;
    const run = await runScript({
      rows: 2,
      concurrency: 1,
      random: () => 0.999,
      onSlot: () => {
        slots += 1;
      },
      answer: (request) => (rowOf(request) === 1 ? created : refusedConnection),
    });
    const second = run.sent.filter((request) => rowOf(request) === 2);
    const waits = second.slice(1).map(({ at }, i) => at - (second[i]?.answeredAt ?? 0));
    expect(waits).toEqual([999, 1_998, 3_996, 7_992]);
    expect(slots).toBe(6);
  });

  test('are as long as Zoom asked for', async () => {
    const answer = ({ attempt }: { attempt: number }): Reply =>
      attempt === 1 ? { ...serverError, waitMs: 90_000 } : created;
    const run = await runScript({ rows: 1, answer });
    expect(run.sent[1]?.at).toBe(90_100);
    expect(eventsOf(run.events, 'reply')[0]?.retryInMs).toBe(90_000);
  });

  test('for the rate limit are no attempts that count against the row, ten at most', async () => {
    const run = await runScript({ rows: 1, answer: () => rateLimited });
    expect(run.sent.length).toBe(10);
    const [state] = run.state.rows.values();
    expect([state?.outcome?.status, state?.doubts?.size ?? 0]).toEqual(['failed', 0]);
    expect(run.state.requests.rateLimited).toBe(10);
  });
});

test('a lost request that must not be sent again is judged at once', async () => {
  const session = createSession(() => [{ steps: [createStep(1, { onLost: 'judge' }), createStep(2)] }]);
  const run = await runScript({
    session,
    concurrency: 1,
    answer: (r) => (rowOf(r) === 1 ? serverError : created),
  });
  expect(run.sent.map(rowOf)).toEqual([1, 2]);
  expect(run.state.rows.get('group 1')?.doubts?.size).toBe(1);
});

describe('the first ten rows', () => {
  test('all refused for the same reason stop the run', async () => {
    const run = await runScript({ rows: 30, answer: () => rejected, concurrency: 1 });
    expect(run.state.stop).toMatchObject({ exit: EXIT.actionRequired, reason: 'all-refused' });
    expect(run.state.stop?.message).toContain('Validation Failed.');
    expect(run.sent.length).toBe(10);
  });

  test.each([1, 5, 10])('do not, if Zoom accepted number %i', async (good) => {
    const run = await runScript({
      rows: 30,
      answer: ({ nth }) => (nth === good ? created : rejected),
      concurrency: 1,
    });
    expect([run.state.stop, run.state.counts.get('failed'), run.state.counts.get('created')]).toEqual([
      undefined,
      29,
      1,
    ]);
  });

  test.each([
    ['code', { ...rejected, code: 301 }],
    ['status', { ...rejected, httpStatus: 422 }],
  ])('do not, if one was refused with another %s', async (_, other) => {
    const answer = ({ nth }: { nth: number }): Reply => (nth === 5 ? other : rejected);
    const run = await runScript({ rows: 30, answer, concurrency: 1 });
    expect([run.state.stop, run.state.counts.get('failed')]).toEqual([undefined, 30]);
  });

  test('are rows, not requests: a refused batch and its halves count once', async () => {
    const rows = Array.from({ length: 8 }, (_, i) => i + 1);
    // Each batch is refused and sent again in halves until single rows are refused: 15 requests for 8 rows.
    const batch = (of: readonly number[]): ReturnType<typeof createStep> =>
      createStep(of[0] ?? 0, {
        rows: of.map(toRef),
        judge: () => {
          if (of.length > 1)
            return { steps: [batch(of.slice(0, of.length / 2)), batch(of.slice(of.length / 2))] };
          return {
            outcomes: of.map((row) => ({ ...toRef(row), outcome: { status: 'failed', detail: '' } })),
          };
        },
      });
    const session = createSession(() => [{ steps: [batch(rows)] }, { steps: [createStep(9)] }]);
    const run = await runScript({ session, concurrency: 1, answer: () => rejected });
    expect([run.state.stop, run.sent.length, run.state.counts.get('failed')]).toEqual([undefined, 16, 9]);
  });
});
