import { beforeEach, describe, expect, test } from 'vitest';
import type { MembersOptions } from '../../../src/resources/members/options.js';
import { FakeZoom, rejected } from './fake-zoom.js';
import { describeOutcomes, type Run, runMembers } from './run-members.js';

const MANY = { n: 100, percent: true } as const;

let zoom: FakeZoom;
beforeEach(() => {
  zoom = new FakeZoom();
  zoom.addUsers('ann@x.org', 'bob@x.org', 'cat@x.org', 'dan@x.org', 'eve@x.org');
});

describe.each(['im', 'contacts'] as const)('--sync (%s)', (api) => {
  const options: MembersOptions = { api, mode: 'sync', maxRemovals: MANY };

  test('makes the members those of the file, and leaves groups alone that it does not name', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.addGroup('Other', ['dan@x.org']);
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org\nSales,cat@x.org', options);
    expect(describeOutcomes(run)).toEqual({
      'ann@x.org in Sales': 'already-member',
      'cat@x.org in Sales': 'added',
      'bob@x.org in Sales': 'removed',
    });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'cat@x.org']);
    expect(zoom.membersOf('Other')).toEqual(['dan@x.org']);
  });

  test('a removal stands on no line of the file', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org', options);
    const removal = run.events
      .flatMap((event) => (event.type === 'reply' ? (event.outcomes ?? []) : []))
      .at(-1);
    expect(removal).toMatchObject({
      line: 0,
      key: 'sales\u0000bob@x.org',
      fingerprint: 'remove',
      outcome: { status: 'removed' },
    });
  });

  test('people are added before others are removed', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    const run = await runMembers(zoom, 'group,email\nSales,cat@x.org', options);
    expect(zoom.writes.map(({ method }) => method)[0]).toBe('POST');
    expect(zoom.membersOf('Sales')).toEqual(['cat@x.org']);
    expect(run.stop).toBeUndefined();
  });

  test('an address that could not be added withholds every removal of its group', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.addGroup('Support', ['ann@x.org', 'bob@x.org']);
    const csv = 'group,email\nSales,ann@x.org\nSales,alias@x.org\nSupport,ann@x.org';
    const run = await runMembers(zoom, csv, options);
    expect(run.outcomes.get('alias@x.org in Sales')?.status).toBe('failed');
    expect(describeOutcomes(run)['bob@x.org in Sales']).toBe(
      'kept: not every member that the file names in this group could be found: alias@x.org',
    );
    expect(run.outcomes.get('bob@x.org in Support')?.status).toBe('removed');
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'bob@x.org']);
  });

  test('an invalid row withholds the removals of its group', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.addGroup('Support', ['ann@x.org', 'bob@x.org']);
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org\nSales,b0b\nSupport,ann@x.org', options);
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'bob@x.org']);
    expect(run.outcomes.get('bob@x.org in Sales')?.status).toBe('kept');
    expect(zoom.membersOf('Support')).toEqual(['ann@x.org']);
  });

  test('an empty cell withholds the removals of its group, and the reason says so', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.addGroup('Other', ['dan@x.org']);
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org\nSales,\nSales,b0b\nOther,', options);
    expect(describeOutcomes(run)['bob@x.org in Sales']).toBe(
      'kept: not every member that the file names in this group could be found: an empty cell and 1 more',
    );
    // A group of which no row is valid is left alone: its members are not even read.
    expect(Object.keys(describeOutcomes(run)).filter((name) => name.endsWith('Other'))).toEqual([]);
    expect(zoom.sent.filter(({ path }) => path.includes('/g2/'))).toEqual([]);
  });

  test('a row that cannot be read at all withholds every removal', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org\nrest of a broken line', options);
    expect(run.outcomes.get('bob@x.org in Sales')?.status).toBe('kept');
  });

  test('more removals than allowed stop the run before anything is sent', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org', 'cat@x.org', 'dan@x.org']);
    const csv = 'group,email\nSales,ann@x.org\nSales,bob@x.org\nSales,eve@x.org';
    const { maxRemovals: _, ...byDefault } = options;
    for (const one of [
      byDefault,
      { ...options, maxRemovals: { n: 49, percent: true } },
      { ...options, maxRemovals: { n: 1, percent: false } },
    ] as const) {
      const run = await runMembers(zoom, csv, one);
      expect(run.stop).toMatchObject({ reason: 'max-removals', exit: 2 });
      expect(run.stop?.message).toContain('would remove 2 of 4 memberships');
      const { n, percent } = 'maxRemovals' in one ? one.maxRemovals : { n: 10, percent: true };
      expect(run.stop?.message).toContain(`more than --max-removals ${n}${percent ? '%' : ''} allows`);
    }
    expect(zoom.writes).toEqual([]);
    for (const maxRemovals of [{ n: 50, percent: true } as const, { n: 2, percent: false } as const]) {
      const dry = await runMembers(zoom, csv, { ...options, maxRemovals }, { isDryRun: true });
      expect(dry.stop).toBeUndefined();
    }
  });

  test('a dry run shows the removals, which the run after it makes', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org', 'cat@x.org']);
    const csv = 'group,email\nSales,ann@x.org\nSales,dan@x.org';
    const dry = await runMembers(zoom, csv, options, { isDryRun: true });
    const shown = dry.planned.flatMap(({ operation, rows }) =>
      rows.map(({ name }) => `${operation} ${name}`),
    );
    expect(shown.sort()).toEqual([
      'add dan@x.org in Sales',
      'remove bob@x.org in Sales',
      'remove cat@x.org in Sales',
    ]);
    dry.session.restart();
    await runMembers(zoom, csv, options, { session: dry.session });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'dan@x.org']);
  });

  test('--limit counts additions first, and removes nobody from a group before all are added', async () => {
    zoom.addGroup('Sales', ['ann@x.org']);
    const csv = 'group,email\nSales,bob@x.org\nSales,cat@x.org';
    const first = await runMembers(zoom, csv, options, { limit: 1 });
    expect(first.stop?.reason).toBe('limit');
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'bob@x.org']);
    const second = await runMembers(zoom, csv, options, { limit: 2, events: first.events });
    expect(second.stop).toBeUndefined();
    expect(zoom.membersOf('Sales')).toEqual(['bob@x.org', 'cat@x.org']);
  });

  test('a removal that was begun waits too, if --limit holds back an addition of its group', async () => {
    zoom.addGroup('First');
    const group = zoom.addGroup('Sales', ['ann@x.org']);
    const whole = await runMembers(zoom, 'group,email\nSales,bob@x.org', options);
    const removal = whole.events.findIndex(
      (event) => event.type === 'attempt' && event.operation === 'remove',
    );
    group.members.delete('u-bob');
    group.members.set('u-ann', { from: 0, until: Number.POSITIVE_INFINITY });
    // A member whom no process of the run attempted to add.
    const csv = 'group,email\nFirst,ann@x.org\nSales,cat@x.org';
    await runMembers(zoom, csv, options, { limit: 1, events: whole.events.slice(0, removal + 1) });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org']);
  });

  test('a removal that was begun goes on, if --limit holds back nothing of its own group', async () => {
    zoom.addGroup('First');
    const group = zoom.addGroup('Sales', ['ann@x.org']);
    const whole = await runMembers(zoom, 'group,email\nSales,bob@x.org', options);
    const removal = whole.events.findIndex(
      (event) => event.type === 'attempt' && event.operation === 'remove',
    );
    group.members.set('u-ann', { from: 0, until: Number.POSITIVE_INFINITY });
    const csv = 'group,email\nFirst,dan@x.org\nFirst,eve@x.org\nSales,bob@x.org';
    await runMembers(zoom, csv, options, { limit: 1, events: whole.events.slice(0, removal + 1) });
    expect(zoom.membersOf('First')).toHaveLength(1);
    expect(zoom.membersOf('Sales')).toEqual(['bob@x.org']);
  });

  test('a removal that is lost on the way is sent again, three times in all', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.fault = () => 'lost-before';
    const run = await runMembers(zoom, 'group,email\nSales,ann@x.org', options);
    expect(describeOutcomes(run)['bob@x.org in Sales']).toBe('failed: HTTP 504');
    expect(zoom.writes).toHaveLength(3);
  });

  test('a group whose members cannot be read counts for no removal', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    zoom.addGroup('Support', ['ann@x.org', 'bob@x.org']);
    zoom.answer = ({ path }) => (path.includes('/g2/') ? rejected('No.') : undefined);
    const csv = 'group,email\nSales,ann@x.org\nSupport,ann@x.org';
    const run = await runMembers(zoom, csv, { ...options, maxRemovals: { n: 49, percent: true } });
    expect(run.stop?.message).toContain('would remove 1 of 2 memberships');
    const allowed = await runMembers(zoom, csv, { ...options, maxRemovals: { n: 1, percent: false } });
    expect(allowed.stop).toBeUndefined();
    expect(describeOutcomes(allowed)).toMatchObject({
      'bob@x.org in Sales': 'removed',
      'ann@x.org in Support': 'failed: the members of the group could not be read: No.',
    });
  });

  test('leaves the status of a row as it is that an earlier process settled', async () => {
    zoom.addGroup('Sales', ['ann@x.org']);
    const csv = 'group,email\nSales,ann@x.org\nSales,bob@x.org';
    const first = await runMembers(zoom, csv, options);
    const second = await runMembers(zoom, csv, options, { events: first.events });
    expect(second.state.rows.get('sales\u0000bob@x.org')?.outcome?.status).toBe('added');
  });

  test('adds a member again whom another program removed before the run was resumed', async () => {
    const group = zoom.addGroup('Sales', ['ann@x.org']);
    const csv = 'group,email\nSales,bob@x.org';
    const first = await runMembers(zoom, csv, options);
    group.members.delete('u-bob');
    group.members.set('u-ann', { from: 0, until: Number.POSITIVE_INFINITY });
    await runMembers(zoom, csv, options, { events: first.events });
    expect(zoom.membersOf('Sales')).toEqual(['bob@x.org']);
  });

  test('a removal whose answer a crash lost is removed, not forgotten', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org']);
    const csv = 'group,email\nSales,ann@x.org';
    const whole = await runMembers(zoom, csv, options);
    const removal = whole.events.findIndex(
      (event) => event.type === 'attempt' && event.operation === 'remove',
    );
    const run = await runMembers(zoom, csv, options, { events: whole.events.slice(0, removal + 1) });
    expect(describeOutcomes(run)['bob@x.org in Sales']).toBe('removed: recovered');
    // The file names him now: then he is added again, and nothing else is said of him.
    const other = await runMembers(zoom, `${csv}\nSales,bob@x.org`, options, {
      events: whole.events.slice(0, removal + 1),
    });
    expect(statusesOf(other, 'bob@x.org in Sales')).toEqual(['added']);
  });
});

/** Every status that a run recorded for a membership, in order. */
function statusesOf({ events }: Run, membership: string): readonly string[] {
  return events.flatMap((event) => {
    if (event.type !== 'reply' && event.type !== 'known') return [];
    const found = event.outcomes?.filter(({ name }) => name === membership) ?? [];
    return found.map(({ outcome }) => [outcome.status, outcome.detail].join(' ').trim());
  });
}

test('a removal by id that a crash stopped before it took effect is made, and not called done before', async () => {
  const group = zoom.addGroup('Sales', ['ann@x.org']);
  const guest = { from: 0, until: Number.POSITIVE_INFINITY };
  group.members.set('u-guest', guest);
  const options: MembersOptions = { api: 'contacts', mode: 'sync', maxRemovals: MANY };
  const csv = 'group,email\nSales,ann@x.org';
  const whole = await runMembers(zoom, csv, options);
  const removal = whole.events.findIndex((event) => event.type === 'attempt' && event.operation === 'remove');
  group.members.set('u-guest', { from: 0, until: Number.POSITIVE_INFINITY });
  const run = await runMembers(zoom, csv, options, { events: whole.events.slice(0, removal + 1) });
  expect(statusesOf(run, 'u-guest in Sales')).toEqual(['removed']);
  expect(zoom.membersOf('Sales')).toEqual(['ann@x.org']);
});

test('user groups inside a contact group stay', async () => {
  zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org'], ['ug1']);
  const options: MembersOptions = { api: 'contacts', mode: 'sync', maxRemovals: MANY };
  await runMembers(zoom, 'group,email\nSales,ann@x.org', options);
  expect(zoom.writes.map(({ people }) => people)).toEqual([['u-bob']]);
});

test('a user who is in no list of users is removed by id', async () => {
  const group = zoom.addGroup('Sales', ['ann@x.org']);
  group.members.set('u-guest', { from: 0, until: Number.POSITIVE_INFINITY });
  const options: MembersOptions = { api: 'contacts', mode: 'sync', maxRemovals: MANY };
  const run = await runMembers(zoom, 'group,email\nSales,ann@x.org', options);
  expect(describeOutcomes(run)['u-guest in Sales']).toBe('removed');
});
