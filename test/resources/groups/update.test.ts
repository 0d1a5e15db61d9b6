/** `--update` and `previous_name`: what is changed, what is kept for a rollback, and what a lost answer proves. */
import { describe, expect, test } from 'vitest';
import { createGroupsRun, outcomeOf, statusesOf } from '../../support/groups-run.js';

const apis = ['im', 'contacts'] as const;
const typeField = (api: 'im' | 'contacts', type: 'normal' | 'shared') =>
  api === 'im' ? { type } : { group_privacy: type === 'shared' ? 1 : 2 };

const patches = (run: ReturnType<typeof createGroupsRun>): number =>
  run.zoom.sent.filter(({ call }) => call.method === 'PATCH').length;

describe.each(apis)('--update of %s groups', (api) => {
  test('changes groups that differ, and only what the row names', async () => {
    const run = createGroupsRun('name,type\nA,shared\nB,normal\nC,\n', { api });
    for (const name of ['A', 'B', 'C']) run.zoom.add(name, {}, 5);
    const state = await run.apply({ update: true });
    expect(statusesOf(state)).toEqual({ a: 'updated', b: 'already-provisioned', c: 'already-provisioned' });
    expect(outcomeOf(state, 'a')?.detail).toBe('differs: type normal → shared');
    expect(run.zoom.find('A')[0]?.fields).toMatchObject(typeField(api, 'shared'));
    expect(patches(run)).toBe(1);
  });

  test('renames a group whose name differs in case only', async () => {
    const run = createGroupsRun('name\nSales DACH\n', { api });
    run.zoom.add('SALES dach', {}, 2);
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'sales dach')).toMatchObject({
      status: 'updated',
      detail: 'renamed from "SALES dach"',
    });
    expect(run.zoom.groups.map(({ name }) => name)).toEqual(['Sales DACH']);
  });

  test('changes none of several groups that share the name', async () => {
    const run = createGroupsRun('name,type\nTwice,shared\n', { api });
    run.zoom.add('Twice');
    run.zoom.add('Twice');
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'twice')?.status).toBe('failed');
    expect(outcomeOf(state, 'twice')?.detail).toContain('Zoom has 2 groups of this name');
    expect(patches(run)).toBe(0);
  });

  test('does not change a name again and again that Zoom stores with other blanks', async () => {
    const run = createGroupsRun('name\nSales  DACH\n', { api, foldsNames: true });
    run.zoom.add('Sales DACH');
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'sales dach')?.status).toBe('already-provisioned');
    expect(patches(run)).toBe(0);
  });

  test('renames by previous_name, with its settings, and a rollback restores both', async () => {
    const run = createGroupsRun('name,type,previous_name\nNew,shared,Old\n', { api });
    run.zoom.add('Old', {}, 4);
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'new')?.status).toBe('updated');
    expect(outcomeOf(state, 'new')?.detail).toBe('renamed from "Old"; differs: type normal → shared');
    expect(run.zoom.groups).toMatchObject([{ name: 'New', members: 4, fields: typeField(api, 'shared') }]);
    const undone = await run.rollback(true);
    expect(statusesOf(undone)).toEqual({ new: 'restored' });
    expect(run.zoom.groups).toMatchObject([{ name: 'Old', fields: typeField(api, 'normal') }]);
  });

  test('previous_name is of no account if a group of the new name exists, or none of the old', async () => {
    const run = createGroupsRun('name,previous_name\nNew,Old\nFresh,Gone\n', { api });
    run.zoom.add('Old');
    run.zoom.add('New');
    const state = await run.apply({ update: true });
    expect(statusesOf(state)).toEqual({ new: 'already-provisioned', fresh: 'created' });
    expect(run.zoom.find('Old').length).toBe(1);
  });

  test('previous_name renames none of several groups of that name', async () => {
    const run = createGroupsRun('name,previous_name\nNew,Old\n', { api });
    run.zoom.add('Old');
    run.zoom.groups.push({ ...run.zoom.add('Temporary'), name: 'Old', id: 'g9' });
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'new')).toMatchObject({
      status: 'failed',
      detail: 'Zoom has 2 groups named "Old": rename the right one in Zoom',
    });
    expect(patches(run)).toBe(0);
  });

  test('without --update, a row with previous_name says so and sends nothing', async () => {
    const run = createGroupsRun('name,previous_name\nNew,Old\n', { api });
    run.zoom.add('Old');
    const state = await run.apply();
    expect(outcomeOf(state, 'new')).toMatchObject({
      status: 'failed',
      detail: '"Old" exists and would be renamed: use --update',
    });
    expect(run.zoom.sent.filter(({ call }) => call.method !== 'GET')).toEqual([]);
  });

  test('killed at any moment and resumed ends as updated, with the values before the run', async () => {
    for (let killAtEvent = 3; killAtEvent <= 6; killAtEvent += 1) {
      const run = createGroupsRun('name,type\nA,shared\n', { api });
      run.zoom.add('A', {}, 5);
      await run.apply({ update: true, killAtEvent });
      // The killed process's request still takes effect.
      await run.clock.run(run.clock.sleep(1_000, new AbortController().signal));
      const state = await run.apply({ update: true });
      expect(outcomeOf(state, 'a')?.status, `killed at ${killAtEvent}`).toBe('updated');
      const undone = await run.rollback(true);
      expect(statusesOf(undone)).toEqual({ a: 'restored' });
      expect(run.zoom.find('A')[0]?.fields).toMatchObject(typeField(api, 'normal'));
    }
  });

  test('killed before its answer is recovered without another change', async () => {
    const run = createGroupsRun('name,type\nA,shared\n', { api });
    run.zoom.add('A', {}, 5);
    await run.apply({ update: true, killAtEvent: 3 });
    await run.clock.run(run.clock.sleep(1_000, new AbortController().signal));
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'updated',
      detail: 'recovered',
      ids: { groupId: 'g1' },
    });
    expect(patches(run)).toBe(1);
  });

  test('whose answers are all lost is updated if the group is now as asked, else failed', async () => {
    for (const fault of ['lost-after', 'lost-before'] as const) {
      const run = createGroupsRun('name,type\nA,shared\n', {
        api,
        fault: ({ call }) => (call.method === 'PATCH' ? fault : undefined),
      });
      run.zoom.add('A');
      const state = await run.apply({ update: true });
      expect(outcomeOf(state, 'a')?.status).toBe(fault === 'lost-after' ? 'updated' : 'failed');
    }
  });

  test('is unknown if the group cannot be read after its answer was lost', async () => {
    const run = createGroupsRun('name,type\nA,shared\n', {
      api,
      fault: ({ call }) =>
        call.method === 'PATCH'
          ? 'lost-after'
          : /groups\/./.test(call.path)
            ? { status: 500, body: '' }
            : undefined,
    });
    run.zoom.add('A');
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'a')?.status).toBe('unknown');
  });

  test('of a group that is gone has failed', async () => {
    const run = createGroupsRun('name,type\nA,shared\n', {
      api,
      fault: ({ call }) => {
        if (call.method === 'PATCH') run.zoom.groups.pop();
        return undefined;
      },
    });
    run.zoom.add('A');
    const state = await run.apply({ update: true });
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'failed' });
    expect(outcomeOf(state, 'a')?.detail).toMatch(/does not exist/);
  });
});

test('a rename to a name that another group has is refused by Zoom, and reported', async () => {
  const run = createGroupsRun('name,previous_name\nNew,Old\n', {
    api: 'im',
    fault: ({ call }) =>
      call.method === 'PATCH'
        ? { status: 409, body: '{"code":4132,"message":"Group name New is already in use."}' }
        : undefined,
  });
  run.zoom.add('Old');
  const state = await run.apply({ update: true });
  expect(outcomeOf(state, 'new')).toMatchObject({ status: 'failed', httpStatus: 409 });
});
