import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emailKey } from '../../../src/resources/members/api/members-api.js';
import type { MembersOptions } from '../../../src/resources/members/options.js';
import { FakeZoom, type Fault, rejected } from './fake-zoom.js';
import { describeOutcomes, type Run, runMembers } from './run-members.js';

describe.each(['im', 'contacts'] as const)('a run that was killed (%s)', (api) => {
  const options: MembersOptions = { api, mode: 'add' };

  test('calls whom its lost request added `added`, not `already-member`', async () => {
    const zoom = new FakeZoom();
    zoom.addUsers('ann@x.org');
    zoom.addGroup('Sales');
    const csv = 'group,email\nSales,ann@x.org';
    const whole = await runMembers(zoom, csv, options);
    const add = whole.events.findIndex((event) => event.type === 'attempt' && event.operation === 'add');
    // With the attempt alone, and with an answer that was not proven yet.
    for (const length of [add + 1, add + 2]) {
      const run = await runMembers(zoom, csv, options, { events: whole.events.slice(0, length) });
      expect(describeOutcomes(run)['ann@x.org in Sales']).toMatch(/^added/);
    }
    expect(zoom.writes).toHaveLength(1);
  });

  test.each([
    ['cannot be read', 'unknown: the members of the group could not be read: No.'],
    ['is gone', 'failed: group not found: A group with this groupId: x does not exist.'],
  ])('does not know whom its lost request added, if the group %s', async (what, expected) => {
    const zoom = new FakeZoom();
    zoom.addUsers('ann@x.org');
    zoom.addGroup('Sales');
    const csv = 'group,email\nSales,ann@x.org';
    const whole = await runMembers(zoom, csv, options);
    const add = whole.events.findIndex((event) => event.type === 'attempt' && event.operation === 'add');
    zoom.answer = ({ path }) => {
      if (!path.endsWith('/members')) return undefined;
      if (what !== 'is gone') return rejected('No.');
      zoom.groups.clear();
      return undefined;
    };
    const run = await runMembers(zoom, csv, options, { events: whole.events.slice(0, add + 1) });
    expect(describeOutcomes(run)).toEqual({ 'ann@x.org in Sales': expected });
  });

  test('does not count rows for --limit that it had begun', async () => {
    const zoom = new FakeZoom();
    zoom.addUsers('ann@x.org', 'bob@x.org', 'cat@x.org');
    zoom.addGroup('Sales');
    const csv = 'group,email\nSales,ann@x.org\nSales,bob@x.org\nSales,cat@x.org';
    zoom.fault = () => 'lost-before';
    const whole = await runMembers(zoom, csv, options, { limit: 1 });
    const add = whole.events.findIndex((event) => event.type === 'attempt' && event.operation === 'add');
    zoom.fault = () => undefined;
    await runMembers(zoom, csv, options, { limit: 1, events: whole.events.slice(0, add + 1) });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'bob@x.org']);
  });

  test('leaves alone what it settled, and does what a changed row asks for', async () => {
    const zoom = new FakeZoom();
    zoom.addUsers('ann@x.org', 'bob@x.org');
    zoom.addGroup('Sales');
    const first = await runMembers(zoom, 'group,email\nSales,ann@x.org', options);
    const sent = zoom.sent.length;
    const second = await runMembers(zoom, 'group,email\nSales,ann@x.org', options, { events: first.events });
    expect(
      zoom.sent
        .slice(sent)
        .map(({ path }) => path)
        .filter((path) => path.includes('members')),
    ).toEqual([]);
    expect(second.state.rows.get('sales\u0000ann@x.org')?.outcome?.status).toBe('added');
    await runMembers(zoom, 'group,email\nSales,bob@x.org', options, { events: first.events });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'bob@x.org']);
  });
});

const NAMES = ['Sales', 'Support', 'Ops'];
const EMAILS = Array.from({ length: 30 }, (_, at) => `p${at}@x.org`);
const UNKNOWN = ['who@x.org', 'nobody@x.org'];

const scenario = fc.record({
  api: fc.constantFrom('im', 'contacts'),
  mode: fc.constantFrom('add', 'remove', 'sync'),
  members: fc.array(fc.subarray(EMAILS), { minLength: 3, maxLength: 3 }),
  rows: fc.array(fc.tuple(fc.nat(2), fc.constantFrom(...EMAILS, ...UNKNOWN)), {
    minLength: 1,
    maxLength: 60,
  }),
  lagMs: fc.constantFrom(0, 0, 1_500, 25_000),
  faults: fc.array(
    fc.constantFrom<Fault>(
      'lost-before',
      'lost-after',
      'rejected',
      'adds-nobody',
      undefined,
      undefined,
      undefined,
    ),
    { maxLength: 40 },
  ),
  latencies: fc.array(fc.integer({ min: 2, max: 3_000 }), { minLength: 1, maxLength: 20 }),
  kills: fc.array(fc.nat(30), { maxLength: 3 }),
});

/** Adds of members whom an earlier record of the run calls members. */
function findRepeatedAdds({ events }: Run, zoom: FakeZoom): readonly string[] {
  const recordedAt = new Map<string, number>();
  for (const event of events) {
    if (event.type !== 'reply' && event.type !== 'known') continue;
    for (const { name, outcome } of event.outcomes ?? []) {
      const isMember = outcome.status === 'added' || outcome.status === 'already-member';
      if (isMember && !recordedAt.has(name)) recordedAt.set(name, event.at);
    }
  }
  return zoom.writes.flatMap(({ path, people, at }) => {
    const group = zoom.groups.get(path.split('/')[3] ?? '')?.name;
    const names = people.map((one) => `${zoom.users.find(({ id }) => id === one)?.email ?? one} in ${group}`);
    return names.filter((name) => at > (recordedAt.get(name) ?? Number.POSITIVE_INFINITY));
  });
}

test('whatever is lost, refused, late or killed: every status is true, and nobody is added again who was added', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ api, mode, members, rows, lagMs, faults, latencies, kills }) => {
      const zoom = new FakeZoom();
      zoom.addUsers(...EMAILS);
      for (const [at, name] of NAMES.entries()) zoom.addGroup(name, members[at]);
      zoom.lagMs = lagMs;
      const before = new Map(NAMES.map((name) => [name, new Set(zoom.membersOf(name))]));
      let n = 0;
      zoom.fault = () => faults[n++];
      let m = 0;
      zoom.latencyMs = () => latencies[m++ % latencies.length] ?? 1;
      const csv = ['group,email', ...rows.map(([at, email]) => `${NAMES[at]},${email}`)].join('\n');
      const options: MembersOptions = { api, mode, maxRemovals: { n: 100, percent: true } };
      let run: Run | undefined;
      for (const killAfter of [...kills, undefined]) {
        run = await runMembers(zoom, csv, options, {
          events: run?.events.filter((event) => event.type !== 'stop') ?? [],
          ...(killAfter === undefined ? {} : { killAfter }),
        });
      }
      if (!run) return;
      const named = new Set(rows.map(([at, email]) => `${NAMES[at]} ${email}`));
      for (const { name, outcome } of new Map(
        [...run.outcomes].map(([name, outcome]) => [name, { name, outcome }]),
      ).values()) {
        const [email = '', group = ''] = name.split(' in ');
        const was = before.get(group)?.has(email) ?? false;
        const is = zoom.membersOf(group).includes(email);
        const what = `${outcome.status} ${name} (${outcome.detail}); was ${was}, is ${is}`;
        switch (outcome.status) {
          case 'added':
            expect([was, is], what).toEqual([false, true]);
            break;
          case 'already-member':
          case 'kept':
            expect([was, is], what).toEqual([true, true]);
            break;
          case 'removed':
            expect([was, is], what).toEqual([true, false]);
            break;
          case 'not-member':
            expect([was, is], what).toEqual([false, false]);
            break;
          case 'failed':
            expect(is, what).toBe(was);
            break;
          default:
            expect.fail(what);
        }
      }
      if (mode === 'add') expect(findRepeatedAdds(run, zoom)).toEqual([]);
      // Every row has an outcome, and nobody whom the file does not name lost a membership unless it is a sync.
      for (const row of named) {
        const [group = '', email = ''] = row.split(' ');
        expect(run.outcomes.has(`${email} in ${group}`), row).toBe(true);
      }
      for (const [group, emails] of before) {
        for (const email of emails) {
          if (mode === 'remove' ? named.has(`${group} ${email}`) : mode === 'sync') continue;
          expect(zoom.membersOf(group).map(emailKey)).toContain(email);
        }
      }
      const isNamed = (group: string) => rows.some(([at]) => NAMES[at] === group);
      for (const [group, emails] of before) {
        if (mode === 'sync' && emails.size > 0)
          expect(zoom.membersOf(group).length, group).toBeGreaterThan(0);
        if (mode === 'sync' && !isNamed(group)) expect(zoom.membersOf(group)).toEqual([...emails]);
      }
    }),
    { numRuns: 300 },
  );
});
