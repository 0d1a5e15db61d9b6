import { beforeEach, describe, expect, test } from 'vitest';
import type { MembersOptions } from '../../../src/resources/members/options.js';
import {
  createMembersRollback,
  findMemberUndos,
  formatMemberUndoCsv,
} from '../../../src/resources/members/rollback.js';
import { FakeZoom, rejected } from './fake-zoom.js';
import { describeOutcomes, type Run, runMembers, runResource } from './run-members.js';

let zoom: FakeZoom;
beforeEach(() => {
  zoom = new FakeZoom();
  zoom.addUsers('ann@x.org', 'bob@x.org', 'cat@x.org');
});

describe.each(['im', 'contacts'] as const)('rolling back a run on members (%s)', (api) => {
  const options: MembersOptions = { api, mode: 'add' };
  const csv = 'group,email\nSales,ann@x.org\nSales,Bob@x.org';

  function rollBack({ state }: Run): Promise<Run> {
    const undos = findMemberUndos(state);
    return runResource(zoom, formatMemberUndoCsv(undos), createMembersRollback(undos), {
      api,
      source: 'runs/a',
    });
  }

  test('removes whom the run added, and nobody who was a member before', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'cat@x.org']);
    const run = await runMembers(zoom, csv, options);
    const back = await rollBack(run);
    expect(describeOutcomes(back)).toEqual({ 'Bob@x.org in Sales': 'removed' });
    expect(zoom.membersOf('Sales')).toEqual(['ann@x.org', 'cat@x.org']);
  });

  test('lists neither groups nor users, and finds a group that was renamed', async () => {
    zoom.addGroup('Sales', ['ann@x.org']);
    const run = await runMembers(zoom, csv, options);
    const group = zoom.groups.get('g1');
    if (group) zoom.groups.set('g1', { ...group, name: 'Renamed' });
    const sent = zoom.sent.length;
    await rollBack(run);
    expect(zoom.membersOf('Renamed')).toEqual(['ann@x.org']);
    expect(zoom.sent.slice(sent).every(({ path }) => path.includes('/g1/members'))).toBe(true);
  });

  test('has nothing to do for whom another program removed since, or for a group that is gone', async () => {
    zoom.addGroup('Sales', ['cat@x.org']);
    const run = await runMembers(zoom, csv, options);
    zoom.groups.get('g1')?.members.delete('u-bob');
    expect(describeOutcomes(await rollBack(run))).toEqual({
      'ann@x.org in Sales': 'removed',
      'Bob@x.org in Sales': 'not-member',
    });
    zoom.groups.clear();
    expect(new Set(Object.values(describeOutcomes(await rollBack(run))))).toEqual(
      new Set(['not-member: the group no longer exists']),
    );
  });

  test(
    api === 'im' ? 'empties a group that was empty' : 'keeps the last member of a contact group, and says so',
    async () => {
      zoom.addGroup('Sales');
      const back = await rollBack(await runMembers(zoom, csv, options));
      expect(zoom.membersOf('Sales')).toEqual(api === 'im' ? [] : ['bob@x.org']);
      if (api === 'contacts') expect(back.outcomes.get('Bob@x.org in Sales')?.status).toBe('kept');
    },
  );

  test('says that it failed, and not that there is nothing to do, if the members cannot be read', async () => {
    zoom.addGroup('Sales', ['cat@x.org']);
    const run = await runMembers(zoom, csv, options);
    zoom.answer = ({ method }) => (method === 'GET' ? rejected('No.') : undefined);
    expect(new Set(Object.values(describeOutcomes(await rollBack(run))))).toEqual(
      new Set(['failed: the members of the group could not be read: No.']),
    );
  });

  test('does not bring back whom the run removed', async () => {
    zoom.addGroup('Sales', ['ann@x.org', 'bob@x.org', 'cat@x.org']);
    const run = await runMembers(zoom, csv, { api, mode: 'remove' });
    expect(findMemberUndos(run.state)).toEqual([]);
  });
});
