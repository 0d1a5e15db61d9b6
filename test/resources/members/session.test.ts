import { beforeEach, describe, expect, test } from 'vitest';
import type { MembersOptions } from '../../../src/resources/members/options.js';
import { FakeZoom, peopleIn, rejected } from './fake-zoom.js';
import { describeOutcomes, runMembers } from './run-members.js';

const IM: MembersOptions = { api: 'im', mode: 'add' };
const CONTACTS: MembersOptions = { api: 'contacts', mode: 'add' };

let zoom: FakeZoom;
beforeEach(() => {
  zoom = new FakeZoom();
  zoom.addUsers('ann@x.org', 'bob@x.org', 'cat@x.org', 'dan@x.org');
});

function people(n: number): readonly string[] {
  return Array.from({ length: n }, (_, at) => `p${at}@x.org`);
}

function toCsv(group: string, emails: readonly string[]): string {
  return ['group,email', ...emails.map((email) => `${group},${email}`)].join('\n');
}

describe.each([IM, CONTACTS])('adding members ($api)', (options) => {
  test('adds who is missing, and says who was a member before', async () => {
    zoom.addGroup('Sales', ['ann@x.org']);
    const run = await runMembers(zoom, toCsv('Sales', ['ANN@x.org', 'bob@x.org']), options);
    expect(describeOutcomes(run)).toEqual({
      'ANN@x.org in Sales': 'already-member',
      'bob@x.org in Sales': 'added',
    });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'bob@x.org']);
    expect(run.outcomes.get('bob@x.org in Sales')?.ids).toEqual({ groupId: 'g1', userId: 'u-bob' });
    expect(zoom.writes).toHaveLength(1);
  });

  test('fails the rows of a group that is missing, or whose name exists twice, and sends nothing for them', async () => {
    zoom.addGroup('Twice');
    zoom.addGroup('Twice');
    const run = await runMembers(zoom, 'group,email\nGone,ann@x.org\nTwice,ann@x.org', options);
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Gone': 'failed: group not found',
      'ann@x.org in Twice': 'failed: Zoom has 2 groups of this name',
    });
    expect(zoom.writes).toEqual([]);
    expect(zoom.sent.filter(({ path }) => path.endsWith('/members') || path === '/users')).toEqual([]);
  });

  test('finds a group that is written in another case', async () => {
    zoom.addGroup('SALES');
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'ann@x.org in Sales': 'added' });
  });

  test('prefers the group that has exactly the name', async () => {
    zoom.addGroup('SALES');
    zoom.addGroup('Sales');
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'ann@x.org in Sales': 'added' });
    expect(zoom.writes.map(({ path }) => path.split('/')[3])).toEqual(['g2']);
  });

  test('sends full batches of one group', async () => {
    const emails = people(120);
    zoom.addUsers(...emails);
    zoom.addGroup('Sales');
    zoom.addGroup('Support');
    const csv = `${toCsv('Sales', emails)}\n${emails
      .slice(0, 3)
      .map((email) => `Support,${email}`)
      .join('\n')}`;
    await runMembers(zoom, csv, options);
    const sizes = (id: string) =>
      zoom.writes.filter(({ path }) => path.includes(`/${id}/`)).map(({ people }) => people.length);
    expect(sizes('g1')).toEqual(options.api === 'im' ? Array(12).fill(10) : [50, 50, 20]);
    expect(sizes('g2')).toEqual([3]);
    expect(zoom.membersOf('Sales')).toHaveLength(120);
    // Each list has 1 page before; after the last batch, IM groups are read again in one page of 300, once and at once.
    const lists = zoom.sent.filter(({ method, path }) => method === 'GET' && path.includes('/g1/'));
    expect(lists).toHaveLength(options.api === 'im' ? 2 : 1);
    const lastWriteAt = Math.max(...zoom.writes.map(({ at }) => at));
    expect((zoom.sent.at(-1)?.at ?? 0) - lastWriteAt).toBeLessThanOrEqual(100);
  });

  test('an answer that added nobody is a failure, and no success', async () => {
    zoom.addGroup('Sales');
    zoom.fault = () => 'adds-nobody';
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org', 'bob@x.org']), options);
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'failed: accepted by Zoom but not added',
      'bob@x.org in Sales': 'failed: accepted by Zoom but not added',
    });
    expect(zoom.writes).toHaveLength(1);
    // An answer takes 100 ms; the members are read at once, then 2, 6, 14 and 30 s after it.
    const answeredAt = (zoom.writes[0]?.at ?? 0) + 100;
    const lists = zoom.sent.filter(({ method, path }) => method === 'GET' && path.endsWith('/members'));
    expect(lists.slice(1).map(({ at }) => at - answeredAt)).toEqual([0, 2_000, 6_000, 14_000, 30_000]);
  });

  test.each([
    1_000, 5_000, 29_000,
  ])('a member list that lags by %d ms gives no false failure', async (lagMs) => {
    const emails = people(25);
    zoom.addUsers(...emails);
    zoom.addGroup('Sales');
    zoom.lagMs = lagMs;
    const run = await runMembers(zoom, toCsv('Sales', emails), options);
    expect([...run.outcomes.values()].map(({ status }) => status)).toEqual(Array(25).fill('added'));
  });

  test('a lost answer is settled by the members, read again, and only the rest is sent', async () => {
    const emails = people(4);
    zoom.addUsers(...emails);
    zoom.addGroup('Sales');
    let lost = 0;
    zoom.fault = () => {
      lost += 1;
      return lost === 1 ? 'lost-after' : undefined;
    };
    const run = await runMembers(zoom, toCsv('Sales', emails), options);
    expect(new Set(Object.values(describeOutcomes(run)))).toEqual(new Set(['added: recovered']));
    expect(zoom.writes).toHaveLength(1);
  });

  test('a request that was lost on the way is sent again', async () => {
    zoom.addGroup('Sales');
    let lost = 0;
    zoom.fault = () => {
      lost += 1;
      return lost <= 2 ? 'lost-before' : undefined;
    };
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'ann@x.org in Sales': 'added' });
    expect(zoom.writes).toHaveLength(3);
  });

  test('a refusal after a lost answer is no failure: the first request may have added the member', async () => {
    zoom.addGroup('Sales');
    zoom.lagMs = 20_000;
    let writes = 0;
    zoom.fault = () => {
      writes += 1;
      return writes === 1 ? 'lost-after' : 'rejected';
    };
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'ann@x.org in Sales': 'added: recovered' });
    expect(zoom.writes).toHaveLength(2);
  });

  test('requests that are lost again and again fail with the reason, once absence is proven', async () => {
    zoom.addGroup('Sales');
    zoom.fault = () => 'lost-before';
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'ann@x.org in Sales': 'failed: HTTP 504' });
    expect(zoom.writes).toHaveLength(3);
    const lastRead = zoom.sent.at(-1);
    expect((lastRead?.at ?? 0) - (zoom.writes.at(-1)?.at ?? 0)).toBeGreaterThanOrEqual(30_000);
  });

  test('a refused batch is halved until the culprit stands alone', async () => {
    const emails = people(10);
    zoom.addUsers(...emails);
    zoom.addGroup('Sales');
    const culprit = options.api === 'im' ? 'p6@x.org' : 'u-p6';
    zoom.poison.add(culprit);
    const run = await runMembers(zoom, toCsv('Sales', emails), options);
    const failed = Object.entries(describeOutcomes(run)).filter(([, text]) => text !== 'added');
    expect(failed).toEqual([['p6@x.org in Sales', 'failed: Validation Failed.']]);
    const sizes = zoom.writes.map(({ people }) => people.length);
    expect(sizes.sort((a, b) => b - a).slice(0, 5)).toEqual([10, 5, 5, 3, 2]);
    expect(zoom.membersOf('Sales')).toHaveLength(9);
  });

  test('a group that disappears fails its rows at once', async () => {
    const emails = people(10);
    zoom.addUsers(...emails);
    const group = zoom.addGroup('Sales');
    zoom.fault = () => {
      zoom.groups.delete(group.id);
      return undefined;
    };
    const run = await runMembers(zoom, toCsv('Sales', emails), options);
    expect(new Set(Object.values(describeOutcomes(run)))).toEqual(
      new Set(['failed: group not found: A group with this groupId: x does not exist.']),
    );
    expect(zoom.writes).toHaveLength(1);
  });

  test('--limit sends that many rows that need a request, then stops; a resume does the rest', async () => {
    const emails = people(8);
    zoom.addUsers(...emails);
    zoom.addGroup('Sales', emails.slice(0, 2));
    zoom.addGroup('Support');
    const csv = `${toCsv('Sales', emails)}\nSupport,ann@x.org`;
    const first = await runMembers(zoom, csv, options, { limit: 4 });
    expect(first.stop).toMatchObject({ reason: 'limit', exit: 4 });
    expect(zoom.membersOf('Sales')).toHaveLength(6);
    expect([...first.outcomes.values()].filter(({ status }) => status === 'added')).toHaveLength(4);
    const second = await runMembers(zoom, csv, options, { limit: 4, events: first.events });
    expect(second.stop).toBeUndefined();
    expect(zoom.membersOf('Sales')).toHaveLength(8);
    expect(zoom.membersOf('Support')).toEqual(['ann@x.org']);
  });

  test('after --max-failures, what was attempted is still settled', async () => {
    const emails = people(30);
    zoom.addUsers(...emails);
    zoom.addGroup('Sales');
    const run = await runMembers(zoom, `${toCsv('Sales', emails)}\nGone,ann@x.org`, options, {
      maxFailures: 1,
    });
    expect(run.stop).toMatchObject({ reason: 'max-failures' });
    for (const { outcome, doubts, attempts } of run.state.rows.values()) {
      if (attempts > 0) expect([outcome?.status, doubts]).toEqual(['added', undefined]);
    }
  });

  test('a dry run sends no write, and the run after it does just what it showed', async () => {
    zoom.addGroup('Sales', ['ann@x.org']);
    const csv = `${toCsv('Sales', ['ann@x.org', 'bob@x.org'])}\nGone,ann@x.org`;
    const dry = await runMembers(zoom, csv, options, { isDryRun: true });
    expect(dry.planned.map(({ operation, rows }) => [operation, rows.map(({ name }) => name)])).toEqual([
      ['add', ['bob@x.org in Sales']],
    ]);
    expect(zoom.writes).toEqual([]);
    const reads = zoom.sent.length;
    dry.session.restart();
    const run = await runMembers(zoom, csv, options, { session: dry.session });
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'already-member',
      'ann@x.org in Gone': 'failed: group not found',
      'bob@x.org in Sales': 'added',
    });
    expect(zoom.sent[reads]?.method).toBe('POST');
    // Nothing is waited for after it.
    expect((zoom.sent.at(-1)?.at ?? 0) - (zoom.sent[reads]?.at ?? 0)).toBeLessThanOrEqual(100);
  });

  test('a dry run with --limit shows what the limited run does', async () => {
    zoom.addGroup('Sales');
    const csv = toCsv('Sales', ['ann@x.org', 'bob@x.org']);
    const dry = await runMembers(zoom, csv, options, { isDryRun: true, limit: 1 });
    expect(dry.planned.flatMap(({ rows }) => rows.map(({ name }) => name))).toEqual(['ann@x.org in Sales']);
    dry.session.restart();
    const run = await runMembers(zoom, csv, options, { session: dry.session, limit: 1 });
    expect([run.stop?.reason, zoom.membersOf('Sales')]).toEqual(['limit', ['ann@x.org']]);
  });

  test('a group that is gone when its members are read fails its rows', async () => {
    zoom.addGroup('Sales');
    zoom.answer = ({ path }) => {
      if (path.endsWith('/members')) zoom.groups.clear();
      return undefined;
    };
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org']), options);
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'failed: group not found: A group with this groupId: x does not exist.',
    });
  });

  test('a member list that cannot be read fails the rows of its group only', async () => {
    zoom.addGroup('Sales');
    zoom.addGroup('Support');
    zoom.answer = ({ path }) => (path.includes('/g1/') ? rejected('No.') : undefined);
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org\nSupport,ann@x.org', options);
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'failed: the members of the group could not be read: No.',
      'ann@x.org in Support': 'added',
    });
  });
});

describe('who can be added', () => {
  test('contact groups: unknown, pending and deactivated users are distinguished', async () => {
    zoom.users.push(
      { email: 'new@x.org', id: 'u-new', status: 'pending' },
      { email: 'old@x.org', id: 'u-old', status: 'inactive' },
    );
    zoom.addGroup('Sales');
    const run = await runMembers(
      zoom,
      toCsv('Sales', ['ann@x.org', 'who@x.org', 'new@x.org', 'old@x.org']),
      CONTACTS,
    );
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'added',
      'who@x.org in Sales': 'failed: no such user',
      'new@x.org in Sales': 'failed: pending user: has not signed in yet',
      'old@x.org in Sales': 'failed: deactivated user: accepted by Zoom but not added',
    });
  });

  test('IM groups are sent addresses, and the users are never listed', async () => {
    zoom.addGroup('Sales');
    const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org', 'who@x.org']), IM);
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'added',
      'who@x.org in Sales': 'failed: accepted by Zoom but not added',
    });
    expect(zoom.sent.some(({ path }) => path === '/users')).toBe(false);
    // The other one of the batch shows that the list is current: there is nothing to wait for.
    expect(
      zoom.sent.filter(({ path, method }) => method === 'GET' && path.endsWith('/members')),
    ).toHaveLength(2);
  });
});

describe.each(['im', 'contacts'] as const)('--remove (%s)', (api) => {
  const options: MembersOptions = { api, mode: 'remove' };

  test('removes the people named, and nobody else', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    const run = await runMembers(zoom, toCsv('Sales', ['bob@x.org', 'cat@x.org', 'nobody@x.org']), options);
    expect(describeOutcomes(run)).toEqual({
      'bob@x.org in Sales': 'removed',
      'cat@x.org in Sales': 'not-member',
      'nobody@x.org in Sales': 'not-member',
    });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org']);
  });

  test.each([
    5_000, 29_000,
  ])('a list that still shows removed members for %d ms gives no false failure', async (lagMs) => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org', 'cat@x.org']);
    zoom.lagMs = lagMs;
    const run = await runMembers(zoom, toCsv('Sales', ['bob@x.org', 'cat@x.org']), options);
    expect(new Set(Object.values(describeOutcomes(run)))).toEqual(new Set(['removed']));
  });

  test('a removal whose answer was lost is settled by reading the members', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.fault = () => 'lost-after';
    const run = await runMembers(zoom, toCsv('Sales', ['bob@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'bob@x.org in Sales': 'removed: recovered' });
  });

  test('a user whom another program removed meanwhile is no member', async () => {
    const group = zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.fault = (call) => {
      if (peopleIn(call).includes('u-bob')) group.members.delete('u-bob');
      return undefined;
    };
    const run = await runMembers(zoom, toCsv('Sales', ['bob@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'bob@x.org in Sales': 'not-member' });
  });

  test('a removal that Zoom refuses has failed with its reason, and the members are not read again', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.fault = () => 'rejected';
    const run = await runMembers(zoom, toCsv('Sales', ['bob@x.org']), options);
    expect(describeOutcomes(run)).toEqual({ 'bob@x.org in Sales': 'failed: Validation Failed.' });
    expect(zoom.sent.at(-1)?.method).toBe('DELETE');
  });

  test(
    api === 'im' ? 'may empty a group' : 'keeps the last member, which a contact group must have',
    async () => {
      zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
      const run = await runMembers(zoom, toCsv('Sales', ['ann@x.org', 'bob@x.org']), options);
      expect(zoom.membersOf('Sales')).toEqual(api === 'im' ? [] : ['bob@x.org']);
      if (api === 'contacts') {
        expect(run.outcomes.get('bob@x.org in Sales')).toMatchObject({
          status: 'kept',
          detail: 'a contact group must have at least one member',
        });
      }
    },
  );
});

test.each([
  [rejected('Invalid status.'), 'listing-needed'],
  [{ type: 'transient', ambiguous: false, maxAttempts: 1, httpStatus: 500, message: 'no' }, 'listing-failed'],
] as const)('without the list of users of every status, nobody is called unknown: nothing is sent', async (reply, reason) => {
  for (const status of ['active', 'inactive', 'pending']) {
    const fake = new FakeZoom();
    fake.addUsers('ann@x.org');
    fake.addGroup('Sales');
    fake.answer = ({ query }) => (query?.status === status ? reply : undefined);
    const run = await runMembers(fake, toCsv('Sales', ['ann@x.org', 'gone@x.org']), CONTACTS);
    expect(run.stop?.reason).toBe(reason);
    expect(run.stop?.message).toContain(`the ${status} users of the account could not be listed`);
    expect([run.outcomes.size, fake.writes.length]).toEqual([0, 0]);
  }
});
