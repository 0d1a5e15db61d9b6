import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/model/stop.js';
import type { Reply } from '../../src/model/reply.js';
import {
  ATTEMPTS,
  BACKOFF,
  decide,
  type Judged,
  LIMITED_ATTEMPTS,
  LONGEST_WAIT_MS,
} from '../../src/resilience/retry-policy.js';

const create: Judged = { op: 'create', inDoubt: false };
const doubtful: Judged = { op: 'create', inDoubt: true };
const update: Judged = { op: 'update', inDoubt: false, groupId: 'g1' };
const remove: Judged = { op: 'delete', inDoubt: false, groupId: 'g1' };

const done: Reply = { kind: 'done', http: 201, message: '', groupId: 'g1' };
const taken: Reply = { kind: 'taken', http: 409, code: 4132, message: 'in use' };
const absent: Reply = { kind: 'absent', http: 404, code: 4130, message: 'no such group' };
const refused: Reply = { kind: 'refused', http: 400, code: 300, message: 'type: unknown' };
const unclear: Reply = { kind: 'refused', ambiguous: true, http: 200, message: 'HTTP 200' };
const token: Reply = { kind: 'token', http: 401, code: 124, message: 'expired' };
const limited: Reply = { kind: 'limited', per: 'second', http: 429, message: 'too fast' };
const lost: Reply = { kind: 'trouble', ambiguous: true, patience: 'short', message: 'reset' };
const unsent: Reply = { kind: 'trouble', ambiguous: false, patience: 'long', message: 'refused' };
const busy: Reply = {
  kind: 'trouble',
  ambiguous: true,
  patience: 'long',
  http: 503,
  message: 'busy',
  waitMs: 7_000,
};
const daily: Reply = { kind: 'limited', per: 'day', resetsAt: Date.UTC(2030, 0, 2), message: 'daily' };
const stop = { exit: EXIT.actionRequired, reason: 'paid-plan', message: 'pay', hint: 'pay' };
const blocked: Reply = { kind: 'blocked', stop, http: 200, code: 200, message: 'pay' };
const half = () => 0.5;

const times = (reply: Reply, n: number): readonly Reply[] => Array.from({ length: n }, () => reply);

describe('how a row ends', () => {
  const table: readonly (readonly [string, Judged, readonly Reply[], string])[] = [
    ['201 is created', create, [done], 'created'],
    ['201 after a lost answer is created', create, [lost, done], 'created'],
    ['409 is already provisioned', create, [taken], 'already-provisioned'],
    [
      '409 after a 429 is already provisioned: a 429 makes nothing',
      create,
      [limited, taken],
      'already-provisioned',
    ],
    [
      '409 after an attempt that never left is already provisioned',
      create,
      [unsent, taken],
      'already-provisioned',
    ],
    ['409 after a lost answer is looked up', create, [lost, taken], 'look-up'],
    ['409 for a row that an earlier process left in doubt is looked up', doubtful, [taken], 'look-up'],
    ['a refused row failed', create, [refused], 'failed'],
    ['a refusal after a lost answer is looked up', create, [lost, refused], 'look-up'],
    ['an answer that is neither yes nor no is looked up', create, [unclear], 'look-up'],
    ['also where it is a change’s', update, [unclear], 'look-up'],
    ['409 after an answer that was neither is looked up', create, [unclear, taken], 'look-up'],
    ['404 with 4130 on a create failed', create, [absent], 'failed'],
    ['404 with 4130 after a lost answer is looked up', create, [lost, absent], 'look-up'],
    ['lost answers only are looked up', create, times(lost, ATTEMPTS.short), 'look-up'],
    ['503s only are looked up', create, times(busy, ATTEMPTS.long), 'look-up'],
    ['attempts that never left end as failed', create, times(unsent, ATTEMPTS.long), 'failed'],
    ['ten per-second refusals end as failed', create, times(limited, LIMITED_ATTEMPTS), 'failed'],
    ['a finished update is updated', update, [done], 'updated'],
    ['an update of a group that is gone failed', update, [absent], 'failed'],
    ['a finished removal is deleted', remove, [done], 'deleted'],
    ['a removal of what is gone is deleted', remove, [lost, absent], 'deleted'],
  ];
  test.each(table)('%s', (_, step, replies, expected) => {
    const decision = decide(step, replies, half);
    expect(decision.do === 'settle' ? decision.outcome.status : decision.do).toBe(expected);
  });
});

describe('what is tried again', () => {
  test('trouble is tried three or five times, as it deserves', () => {
    expect(decide(create, times(lost, ATTEMPTS.short - 1), half).do).toBe('again');
    expect(decide(create, times(unsent, ATTEMPTS.long - 1), half).do).toBe('again');
  });

  test('per-second refusals do not use up the attempts at trouble', () => {
    expect(decide(create, [lost, limited, limited, lost], half).do).toBe('again');
  });

  test('a refused token is renewed once; a fresh one refused ends the run', () => {
    expect(decide(create, [token], half)).toEqual({ do: 'again', waitMs: 0 });
    expect(decide(create, [token, token], half)).toMatchObject({
      do: 'stop',
      stop: { exit: EXIT.actionRequired },
    });
    expect(decide(create, [token, limited, token], half).do).toBe('again');
  });

  test('waits have full jitter under a cap that doubles, and Retry-After is a lower bound', () => {
    const wait = (replies: readonly Reply[], dice: number) => {
      const decision = decide(create, replies, () => dice);
      return decision.do === 'again' ? decision.waitMs : undefined;
    };
    expect(wait([unsent], 0)).toBe(0);
    expect(wait([unsent], 0.999)).toBe(Math.round(0.999 * BACKOFF.baseMs));
    expect(wait(times(unsent, 4), 0.5)).toBe(0.5 * BACKOFF.baseMs * 8);
    expect(wait([busy], 0)).toBe(7_000);
  });
});

describe('a wait that an answer asks for', () => {
  const asking = (reply: Reply, waitMs: number): Reply => ({ ...reply, waitMs }) as Reply;
  const hours = 2 * 3_600_000;
  const table: readonly (readonly [string, Judged, readonly Reply[], string, string])[] = [
    ['of ten minutes is kept to', create, [asking(busy, LONGEST_WAIT_MS)], 'again', `${LONGEST_WAIT_MS}`],
    [
      'beyond that is told, and the row is looked up',
      create,
      [asking(busy, hours)],
      'look-up',
      'wait 2 hours',
    ],
    ['beyond that fails a row that never left', create, [asking(unsent, hours)], 'failed', 'wait 2 hours'],
    [
      'beyond that looks up a row that never left, after one that may have',
      create,
      [lost, asking(unsent, hours)],
      'look-up',
      'wait 2 hours',
    ],
    ['beyond that is no reason to try a removal again', remove, [asking(busy, hours)], 'look-up', 'wait'],
    ['of seconds is the per-second limit’s', create, [asking(limited, 90_000)], 'again', '90000'],
  ];
  test.each(table)('%s', (_, step, replies, expected, said) => {
    const decision = decide(step, replies, half);
    expect(decision.do === 'settle' ? decision.outcome.status : decision.do).toBe(expected);
    expect(JSON.stringify(decision)).toContain(said);
  });
});

describe('what ends the run', () => {
  test('a refusal that every row shares stops it with what to do', () => {
    expect(decide(create, [blocked], half)).toEqual({ do: 'stop', stop });
  });

  test('the daily limit stops it and says when it resets', () => {
    const decision = decide(create, [daily], half);
    expect(decision).toMatchObject({ do: 'stop', stop: { exit: EXIT.retryLater, reason: 'daily-limit' } });
    expect(JSON.stringify(decision)).toContain('2030-01-02T00:00:00');
  });
});
