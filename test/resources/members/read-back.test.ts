/** When a group's members are read again after changes, and what the list then proves. */
import { describe, expect, test } from 'vitest';
import type { JudgedReply } from '../../../src/model/reply.js';
import { createStop } from '../../../src/model/stop.js';
import type { MemberIndex } from '../../../src/resources/members/api/list-members.js';
import type { Member } from '../../../src/resources/members/api/members-api.js';
import { PeopleIndex } from '../../../src/resources/members/api/people-index.js';
import { giveUp, scheduleReading, settleByList } from '../../../src/resources/members/read-back.js';
import { GroupWork, type SentChange } from '../../../src/resources/members/work.js';

const ANSWERED_AT = 100_000;
const LONG_AGO = Number.NEGATIVE_INFINITY;
const FOREVER = Number.POSITIVE_INFINITY;

function createGroup(...sent: readonly SentChange[]): GroupWork {
  const group = new GroupWork({ id: 'g1', name: 'Sales' });
  for (const one of sent) group.open.set(one.row.key, one);
  group.lastAnswerAt = ANSWERED_AT;
  return group;
}

function change(who: string, given: Partial<SentChange> = {}): SentChange {
  const email = `${who}@x.org`;
  return {
    row: { key: who, fingerprint: '', name: `${email} in Sales`, line: 2, email },
    operation: 'add',
    userId: `u-${who}`,
    losses: 1,
    sentAt: ANSWERED_AT - 100,
    answeredAt: ANSWERED_AT,
    answer: 'accepted',
    hadDoubts: false,
    failure: 'HTTP 504',
    maxAttempts: 3,
    metadata: { httpStatus: 201, message: '' },
    ...given,
  };
}

function list(...who: readonly string[]): MemberIndex {
  const index = new PeopleIndex<Member>();
  for (const one of who) index.add({ type: 'user', id: `u-${one}` });
  return index;
}

/** `who: status, detail` of what is settled, and who is to be sent again or stays open. */
function settle(group: GroupWork, index: MemberIndex, provenUntil: number) {
  const { outcomes, again } = settleByList(group, index, provenUntil);
  return {
    settled: outcomes.map(
      ({ key, outcome: { status, detail } }) => `${key}: ${[status, detail].join(' ').trim()}`,
    ),
    again: again.map(({ row }) => row.key),
    open: [...group.open.keys()],
  };
}

describe('the members are read', () => {
  test('at once, which proves what was answered 30 s before', () => {
    expect(scheduleReading(createGroup(), ANSWERED_AT + 50, true)).toEqual({
      delayMs: 0,
      provenUntil: ANSWERED_AT + 50 - 30_000,
    });
  });

  test('then 2, 6, 14 and 30 s after the last answer, and the last list proves everything', () => {
    const group = createGroup();
    const delays: number[] = [];
    let now = ANSWERED_AT + 100;
    for (let i = 0; i < 4; i += 1) {
      const { delayMs, provenUntil } = scheduleReading(group, now, false);
      delays.push(delayMs);
      expect(provenUntil).toBe(i === 3 ? FOREVER : now + delayMs - 30_000);
      // A reading takes 100 ms.
      now += delayMs + 100;
    }
    expect(delays).toEqual([1_900, 3_900, 7_900, 15_900]);
  });

  test('at the next of these times, if a reading took longer', () => {
    const group = createGroup();
    expect(scheduleReading(group, ANSWERED_AT + 6_000, false).delayMs).toBe(8_000);
    expect(scheduleReading(group, ANSWERED_AT + 14_000, false).delayMs).toBe(16_000);
    expect(scheduleReading(group, ANSWERED_AT + 40_000, false)).toEqual({ delayMs: 0, provenUntil: FOREVER });
  });

  test('no later and no more often than that, also if the clock was set back', () => {
    const group = createGroup();
    const readings = Array.from({ length: 4 }, () => scheduleReading(group, ANSWERED_AT - 3_600_000, false));
    expect(readings.map(({ delayMs }) => delayMs)).toEqual([2_000, 6_000, 14_000, 30_000]);
    expect(readings.map(({ provenUntil }) => provenUntil === FOREVER)).toEqual([false, false, false, true]);
  });
});

describe('members that cannot be read', () => {
  const fail = (reply: JudgedReply) => {
    const group = createGroup(change('ann'), change('bob', { operation: 'remove' }));
    const { outcomes, stop } = giveUp(group, { type: 'failed', reply, reason: 'why' });
    const statuses = outcomes?.map(({ outcome: { status, detail } }) => `${status}: ${detail}`);
    return { statuses, stop, open: group.open.size };
  };

  test('leave what was sent unknown', () => {
    expect(fail({ type: 'rejected', httpStatus: 400, message: 'no' })).toEqual({
      statuses: Array(2).fill('unknown: the members of the group could not be read: why'),
      stop: undefined,
      open: 0,
    });
  });

  test('since the group is missing mean that nothing was changed', () => {
    expect(fail({ type: 'not-found', httpStatus: 404, message: 'no' }).statuses).toEqual(
      Array(2).fill('failed: group not found: why'),
    );
  });

  test('for a reason that concerns every row end the run', () => {
    const stop = createStop('scope-missing', 'no', '');
    expect(fail({ type: 'fatal', message: 'no', stop })).toEqual({ statuses: undefined, stop, open: 2 });
  });
});

describe('a list of members', () => {
  test('shows what was added and removed', () => {
    const group = createGroup(change('ann'), change('bob', { operation: 'remove' }));
    expect(settle(group, list('ann'), LONG_AGO)).toEqual({
      settled: ['ann: added', 'bob: removed'],
      again: [],
      open: [],
    });
  });

  test('says nothing yet of what it does not show', () => {
    const group = createGroup(change('ann'), change('bob', { operation: 'remove' }));
    expect(settle(group, list('bob'), ANSWERED_AT - 1)).toEqual({
      settled: [],
      again: [],
      open: ['ann', 'bob'],
    });
  });

  test('proves that a change was not made if it is young enough', () => {
    const group = createGroup(
      change('ann'),
      change('bob', { operation: 'remove' }),
      change('cat', { answer: 'refused', failure: 'No.' }),
      change('dan', { hint: 'deactivated user' }),
    );
    expect(settle(group, list('bob'), ANSWERED_AT)).toEqual({
      settled: [
        'ann: failed accepted by Zoom but not added',
        'bob: failed accepted by Zoom but not removed',
        'cat: failed No.',
        'dan: failed deactivated user: accepted by Zoom but not added',
      ],
      again: [],
      open: [],
    });
    // A removal that failed withholds no other removal.
    expect(group.unresolved).toEqual(['ann@x.org', 'cat@x.org', 'dan@x.org']);
  });

  test('sends a lost change again that it does not show, as often as a request is tried', () => {
    const group = createGroup(
      change('ann', { answer: 'lost', losses: 2 }),
      change('bob', { answer: 'lost', losses: 3 }),
    );
    expect(settle(group, list(), LONG_AGO)).toEqual({ settled: [], again: ['ann'], open: ['bob'] });
    expect(settle(group, list(), ANSWERED_AT)).toEqual({
      settled: ['bob: failed HTTP 504'],
      again: [],
      open: [],
    });
  });

  test('that lacks a user whose id an add returned proves nothing: the others are unknown at the end', () => {
    const group = createGroup(change('ann'));
    group.canaries.set('u-bob', { sentAt: ANSWERED_AT, answeredAt: ANSWERED_AT });
    const detail = 'the list of members lacks users whom Zoom had confirmed, so it proves nothing';
    expect(settle(group, list(), FOREVER).settled).toEqual([`ann: unknown ${detail}`]);
    expect(group.unresolved).toEqual(['ann@x.org']);
  });

  test.each([
    ['at the time', ANSWERED_AT, ['ann: failed accepted by Zoom but not added']],
    ['before', ANSWERED_AT - 1, []],
  ])('that shows an add sent %s when another was answered', (_, sentAt, settled) => {
    const group = createGroup(change('ann'));
    group.canaries.set('u-bob', { sentAt, answeredAt: sentAt + 500 });
    expect(settle(group, list('bob'), LONG_AGO).settled).toEqual(settled);
  });

  test('that shows one of a batch is current for the others of it', () => {
    const group = createGroup(change('ann'), change('old', { sentAt: 0, answeredAt: ANSWERED_AT + 1 }));
    group.canaries.set('u-bob', { sentAt: ANSWERED_AT - 100, answeredAt: ANSWERED_AT });
    expect(settle(group, list('bob'), LONG_AGO)).toMatchObject({
      settled: ['ann: failed accepted by Zoom but not added'],
      open: ['old'],
    });
  });

  test.each([
    ['an accepted removal', {}, true],
    ['a removal that was refused', { answer: 'refused' }, false],
    ['a removal that an earlier attempt may have made', { hadDoubts: true }, false],
    ['an add: it is accepted of a member too', { operation: 'add', userId: 'u-dan' }, false],
  ] as const)('is current if it shows %s', (_, given, isCurrent) => {
    const removed = change('bob', {
      operation: 'remove',
      sentAt: ANSWERED_AT,
      answeredAt: ANSWERED_AT + 9,
      ...given,
    });
    const group = createGroup(change('ann'), removed);
    const { open } = settle(group, list('dan'), LONG_AGO);
    expect(open).toEqual(isCurrent ? [] : ['ann']);
  });

  test('tells a removal of this run from what another program did', () => {
    const remove = (who: string, given: Partial<SentChange>) =>
      change(who, { operation: 'remove', ...given });
    const group = createGroup(
      remove('ann', { answer: 'lost' }),
      remove('bob', { answer: 'refused' }),
      remove('cat', { answer: 'refused', hadDoubts: true }),
      change('dan', { answer: 'lost' }),
    );
    expect(settle(group, list('dan'), LONG_AGO).settled).toEqual([
      'ann: removed recovered',
      'bob: not-member',
      'cat: removed recovered',
      'dan: added recovered',
    ]);
  });
});
