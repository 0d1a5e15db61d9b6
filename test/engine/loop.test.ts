/** The loop itself, on a clock of its own: what a run does about the answers it gets, and when. */
import { describe, expect, test } from 'vitest';
import type { EventOf } from '../../src/events/event.js';
import { EXIT, FatalError } from '../../src/model/stop.js';
import type { Reply } from '../../src/model/reply.js';
import { counted, of, stopped } from '../support/events.js';
import { type Asked, runScript } from '../support/virtual-clock.js';

const done: Reply = { kind: 'done', http: 201, message: '', groupId: 'g1' };
const nameless: Reply = { kind: 'done', http: 201, message: '' };
const trouble: Reply = { kind: 'trouble', ambiguous: true, patience: 'short', http: 500, message: 'oh' };
const refused: Reply = { kind: 'refused', http: 400, code: 300, message: 'type' };
const token: Reply = { kind: 'token', http: 401, code: 124, message: 'expired' };
const daily: Reply = { kind: 'limited', per: 'day', resetsAt: Date.UTC(2030, 0, 2), message: 'daily' };
const paid = { exit: EXIT.actionRequired, reason: 'paid-plan', message: 'pay', hint: 'pay' };
const blocked: Reply = { kind: 'blocked', stop: paid, http: 200, code: 200, message: 'pay' };
const full = new FatalError({
  exit: EXIT.unwritable,
  reason: 'journal-unwritable',
  message: 'full',
  hint: 'x',
});
const interrupt = new FatalError({ exit: EXIT.interrupt, reason: 'SIGINT', message: 'Ctrl-C', hint: 'x' });
/** More than any test here needs. */
const DAY_MS = 86_400_000;

test('what only a listing can tell is left open: lost answers, and a group without its id', async () => {
  const answer = ({ name }: Asked) => (name === 'Group 3' ? trouble : name === 'Group 5' ? nameless : done);
  const told = await runScript({ rows: 9, answer });
  expect(told.ran?.open.map(({ definition }) => definition.name)).toEqual(['Group 5', 'Group 3']);
  expect([told.outcomes.has('Group 3'), counted(told, 'created')]).toEqual([false, 8]);
});

describe('one answer that stops the run', () => {
  const table: readonly (readonly [string, Script, number, string])[] = [
    ['the daily limit', ({ nth }) => (nth === 5 ? daily : done), EXIT.retryLater, 'daily-limit'],
    [
      'a refusal that every row shares',
      ({ nth }) => (nth === 5 ? blocked : done),
      EXIT.actionRequired,
      'paid-plan',
    ],
    [
      'a fresh token that is refused',
      ({ name }) => (name === 'Group 5' ? token : done),
      EXIT.actionRequired,
      'token-refused',
    ],
    [
      'credentials that are refused in mid-run',
      ({ nth }) => {
        if (nth === 5) throw new FatalError({ ...paid, reason: 'credentials' });
        return done;
      },
      EXIT.actionRequired,
      'credentials',
    ],
  ];
  type Script = (asked: Asked) => Reply;
  test.each(table)('is %s; what is on its way is answered', async (_, answer, exit, reason) => {
    const told = await runScript({ rows: 60, answer });
    stopped(told, exit, reason);
    expect(told.outcomes.has('Group 5')).toBe(false);
    expect(told.sent.length).toBeLessThan(30);
    // Each of them has its reply, so that none is in doubt.
    expect(of(told, 'reply').length).toBe(told.sent.length);
    expect(counted(told, 'created')).toBe(new Set(told.sent.map(({ name }) => name)).size - 1);
  });

  test('is none of a token that is refused once', async () => {
    const told = await runScript({ rows: 20, answer: ({ attempt }) => (attempt === 1 ? token : done) });
    expect([told.ran?.stop, counted(told, 'created'), told.sent.length]).toEqual([undefined, 20, 40]);
  });
});

describe('--max-failures', () => {
  test('lets no further row start, and those on their way finish, also through a retry', async () => {
    const told = await runScript({
      rows: 60,
      limits: { maxFailures: 3 },
      answer: ({ name, attempt }) => {
        if (name === 'Group 4') return attempt === 1 ? trouble : done;
        return ['Group 2', 'Group 5', 'Group 6', 'Group 7'].includes(name) ? refused : done;
      },
    });
    expect(told.ran?.stop).toMatchObject({ exit: EXIT.retryLater, reason: 'max-failures' });
    expect(of(told, 'stop').length).toBe(1);
    expect(told.ran?.stop?.message).toContain('3 rows failed');
    const at = of(told, 'stop')[0]?.at ?? 0;
    const late = told.sent.filter((one) => one.at > at);
    expect(late.map(({ name }) => name)).toEqual(['Group 4']);
    expect(told.outcomes.get('Group 4')?.status).toBe('created');
    // Every row that was started came to its end.
    expect([...told.outcomes.keys()].sort()).toEqual([...new Set(told.sent.map(({ name }) => name))].sort());
    expect(told.sent.length).toBeLessThan(30);
  });
});

describe('the plan’s daily budget', () => {
  test.each([
    ['rows', done, 5],
    ['attempts at one row', trouble, 2],
    ['probes', 'outage', 14],
  ] as const)('stops before the request that would break it, counting %s', async (_, first, left) => {
    const told = await runScript({
      rows: 60,
      answer: ({ nth }) => (first === 'outage' ? (nth === 1 ? done : trouble) : nth === 1 ? first : done),
      limits: { day: { left, perDay: 6_000, resetsAt: DAY_MS }, concurrency: first === trouble ? 1 : 10 },
    });
    stopped(told, EXIT.retryLater, 'daily-budget');
    expect(told.sent.length).toBe(left);
  });

  test('is whole again on a new day, and no more than whole', async () => {
    const told = await runScript({
      rows: 12,
      answer: () => done,
      limits: { perSecond: 1, day: { left: 3, perDay: 4, resetsAt: 2_000 } },
    });
    stopped(told, EXIT.retryLater, 'daily-budget');
    expect(told.sent.map(({ at }) => at)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
  });
});

describe('an abort', () => {
  test('lets what is in flight be answered, and begins nothing after', async () => {
    const told = await runScript({ rows: 60, answer: () => done, abort: { at: 150, reason: interrupt } });
    stopped(told, EXIT.interrupt, 'SIGINT');
    expect(told.sent.length).toBeGreaterThan(10);
    expect(counted(told, 'created')).toBe(told.sent.length);
    expect(told.sent.some(({ at, answeredAt }) => at < 150 && answeredAt > 150)).toBe(true);
  });

  test('before the first row sends nothing', async () => {
    const told = await runScript({ answer: () => done, abort: { at: 0, reason: interrupt } });
    expect([told.ran?.stop?.reason, told.sent]).toEqual(['SIGINT', []]);
  });

  test.each([
    ['in a pause', { answer: ({ nth }: Asked) => (nth === 1 ? done : trouble), at: 10_000 }],
    [
      'while a row waits to try again',
      { answer: () => ({ ...trouble, waitMs: 60_000 }), at: 10_000, rows: 1 },
    ],
  ])('%s is obeyed at once', async (_, { at, ...script }) => {
    const told = await runScript({ ...script, abort: { at, reason: interrupt } });
    stopped(told, EXIT.interrupt, 'SIGINT');
    expect(told.endedAt).toBe(at);
  });

  test('that says no reason of ours is told as one all the same', async () => {
    const told = await runScript({ answer: () => done, abort: { at: 50, reason: new Error('x') } });
    stopped(told, EXIT.retryLater, 'aborted');
  });
});

describe('the journal', () => {
  test('has an attempt before it is sent, and its reply before the row goes on', async () => {
    const seen: string[] = [];
    await runScript({
      rows: 30,
      onRecord: ({ e, ...event }) => {
        if (e === 'attempt' && 'n' in event) seen.push(`attempt ${event.name} ${event.n}`);
        if (e === 'reply' && 'key' in event) seen.push(`reply ${event.key}`);
      },
      onSend: ({ name, attempt }) => void seen.push(`sent ${name} ${attempt}`),
      answer: ({ attempt, name }) => (attempt === 1 && name.endsWith('0') ? trouble : done),
    });
    const sends = seen.filter((one) => one.startsWith('sent'));
    expect(sends.length).toBe(33);
    for (const one of sends) {
      const [, name, n] = /^sent (.+) (\d+)$/.exec(one) ?? [];
      const before = seen.slice(0, seen.indexOf(one));
      expect(before).toContain(`attempt ${name} ${n}`);
      const replies = before.filter((other) => other === `reply ${name?.toLowerCase()}`);
      expect(replies.length, one).toBe(Number(n) - 1);
    }
  });

  test('that can’t take an attempt lets it not be sent', async () => {
    const told = await runScript({
      rows: 30,
      answer: () => done,
      onRecord: (event) => {
        if (event.e === 'attempt' && event.name === 'Group 5') throw full;
      },
    });
    stopped(told, EXIT.unwritable, 'journal-unwritable');
    expect(told.sent.map(({ name }) => name)).toEqual(['Group 1', 'Group 2', 'Group 3', 'Group 4']);
    expect(told.lost).toEqual([]);
    expect(counted(told, 'created')).toBe(4);
  });

  test('that takes nothing any more lets what was in flight be seen in the last place', async () => {
    const told = await runScript({
      rows: 30,
      answer: () => done,
      onRecord: ({ at }) => {
        if (at >= 130) throw full;
      },
    });
    expect(told.ran?.stop?.reason).toBe('journal-unwritable');
    expect(told.sent.every(({ at }) => at < 130)).toBe(true);
    const settled = told.lost.filter((event): event is EventOf<'settled'> => event.e === 'settled');
    const names = [...told.outcomes.keys(), ...settled.map(({ name }) => name)];
    expect(names.sort()).toEqual(told.sent.map(({ name }) => name).sort());
  });
});

describe('a defect', () => {
  const defect = new Error('a defect');
  const broken = (): never => {
    throw defect;
  };
  type Broken = Omit<Parameters<typeof runScript>[0], 'answer'> & { readonly answer?: () => Reply };
  const table: readonly (readonly [string, Broken | ((asked: Asked) => Reply)])[] = [
    ['the directory', ({ nth }) => (nth === 5 ? broken() : done)],
    [
      'the directory, while one attempt probes',
      ({ nth, at }) => (nth === 1 ? done : at > 5_000 ? broken() : trouble),
    ],
    ['the turns', { onTurn: (nth) => (nth === 5 ? broken() : undefined) }],
    [
      'the journal',
      { onRecord: (event) => (event.e === 'attempt' && event.line === 6 ? broken() : undefined) },
    ],
    ['the dice', { answer: () => trouble, dice: broken }],
    ['the rows', { rowsBreakAt: { row: 5, error: defect } }],
  ];
  test.each(
    table,
  )('of %s is thrown by the run, after all that was in flight was answered', async (_, given) => {
    const script = typeof given === 'function' ? { answer: given } : { answer: () => done, ...given };
    const told = await runScript({ rows: 60, ...script });
    expect(told.error).toBe(defect);
    expect(told.sent.filter(({ at }) => at > told.endedAt)).toEqual([]);
    expect(told.sent.filter(({ answeredAt }) => answeredAt > told.endedAt)).toEqual([]);
    expect(told.events.filter(({ at }) => at > told.endedAt)).toEqual([]);
    expect(told.sent.length).toBeLessThan(30);
  });
});
