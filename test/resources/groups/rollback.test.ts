/** A rollback deletes only what the run created and nobody has used since, and only on evidence. */
import { describe, expect, test } from 'vitest';
import { createGroupsRun, outcomeOf, statusesOf } from '../../support/groups-run.js';

const apis = ['im', 'contacts'] as const;
type Run = ReturnType<typeof createGroupsRun>;

const deletes = (run: Run): readonly string[] =>
  run.zoom.sent.filter(({ call }) => call.method === 'DELETE').map(({ call }) => call.path);

describe.each(apis)('a rollback of %s groups', (api) => {
  test('deletes what the run created, and nothing that existed before', async () => {
    const run = createGroupsRun('name\nOld\nA\nB\n', { api });
    run.zoom.add('Old');
    await run.apply();
    const state = await run.rollback();
    expect(statusesOf(state)).toEqual({ a: 'deleted', b: 'deleted' });
    expect(run.zoom.groups.map(({ name }) => name)).toEqual(['Old']);
  });

  test.each<[string, (run: Run) => void, string]>([
    [
      'has members',
      (run) => void Object.assign(run.zoom.find('A')[0] ?? {}, { members: 2 }),
      'it has 2 members',
    ],
    [
      'has one member',
      (run) => void Object.assign(run.zoom.find('A')[0] ?? {}, { members: 1 }),
      'it has 1 member',
    ],
    [
      'was renamed',
      (run) => void Object.assign(run.zoom.find('A')[0] ?? {}, { name: 'Z' }),
      'renamed to "Z" since',
    ],
    [
      'was changed',
      (run) =>
        void Object.assign(
          run.zoom.find('A')[0]?.fields ?? {},
          api === 'im' ? { type: 'normal' } : { group_privacy: 2 },
        ),
      'changed since (differs: type shared → normal)',
    ],
  ])('keeps a group that %s, and says why', async (_, change, detail) => {
    const run = createGroupsRun('name,type\nA,shared\n', { api });
    await run.apply();
    change(run);
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'kept', detail });
    expect(deletes(run)).toEqual([]);
  });

  test('keeps a group of which nothing says whether it has members', async () => {
    const run = createGroupsRun('name\nA\n', { api, hasNoMemberCount: true });
    await run.apply();
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'kept',
      detail: 'Zoom does not say whether it has members',
    });
    expect(run.zoom.groups.length).toBe(1);
  });

  test('keeps a group that cannot be read', async () => {
    let isDown = false;
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: () => (isDown ? { status: 503, body: '' } : undefined),
    });
    await run.apply();
    isDown = true;
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')?.status).toBe('kept');
    expect(outcomeOf(state, 'a')?.detail).toContain('cannot be determined');
    expect(deletes(run)).toEqual([]);
  });

  test('reads each group right before it deletes it', async () => {
    const run = createGroupsRun('name\nA\n', { api });
    await run.apply();
    const from = run.zoom.sent.length;
    await run.rollback();
    expect(run.zoom.sent.slice(from).map(({ call }) => call.method)).toEqual(['GET', 'DELETE']);
  });

  test('calls a group gone already if Zoom says so when asked for it by id, whatever a list shows', async () => {
    const run = createGroupsRun('name\nA\nB\n', { api, spellsIds: true, listingLagMs: 3_600_000 });
    await run.apply();
    run.zoom.groups.splice(0, 1);
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'deleted', detail: 'already gone' });
    expect(outcomeOf(state, 'b')).toMatchObject({ status: 'deleted', detail: '' });
    expect(run.zoom.groups).toEqual([]);
  });

  test('whose answer was lost is proven by the group that is gone', async () => {
    let deletesSent = 0;
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => {
        if (call.method !== 'DELETE') return undefined;
        deletesSent += 1;
        return deletesSent === 1 ? 'lost-after' : undefined;
      },
    });
    await run.apply();
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'deleted', detail: 'recovered' });
  });

  test('that Zoom never lets through has failed, and the group is still there', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => (call.method === 'DELETE' ? 'lost-before' : undefined),
    });
    await run.apply();
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')?.status).toBe('failed');
    expect(run.zoom.groups.length).toBe(1);
  });

  test.each([
    '..',
    '.',
    '',
    'a/../b',
    'a?x=1',
    'a\u0000b',
    'x'.repeat(300),
  ])('lets the id %j reach no path: the row is kept', async (id) => {
    const run = createGroupsRun('name\nA\n', { api });
    await run.apply();
    run.journal.forEach((event, i) => {
      if (event.type !== 'reply' || event.outcomes?.length !== 1) return;
      const outcomes = event.outcomes.map((row) => ({
        ...row,
        outcome: { ...row.outcome, ids: { groupId: id } },
      }));
      run.journal[i] = { ...event, outcomes };
    });
    const from = run.zoom.sent.length;
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')?.status).toBe('kept');
    expect(run.zoom.sent.length).toBe(from);
  });

  test('that was killed goes on where it was', async () => {
    for (let killAtEvent = 2; killAtEvent < 12; killAtEvent += 3) {
      const again = createGroupsRun('name\nA\nB\nC\n', { api });
      await again.apply();
      await again.rollback(false, { killAtEvent });
      const state = await again.rollback(false, { isResume: true });
      expect(Object.values(statusesOf(state))).toEqual(['deleted', 'deleted', 'deleted']);
      expect(again.zoom.groups).toEqual([]);
    }
  });
});

test('a restore that was killed at any moment ends as restored', async () => {
  for (let killAtEvent = 2; killAtEvent <= 5; killAtEvent += 1) {
    const run = createGroupsRun('name,type,previous_name\nNew,shared,Old\n', { api: 'im' });
    run.zoom.add('Old', {}, 3);
    await run.apply({ update: true });
    await run.rollback(true, { killAtEvent });
    await run.clock.run(run.clock.sleep(1_000, new AbortController().signal));
    const state = await run.rollback(true, { isResume: true });
    expect(outcomeOf(state, 'new')?.status, `killed at ${killAtEvent}`).toBe('restored');
    expect(run.zoom.groups).toMatchObject([{ name: 'Old', fields: { type: 'normal' } }]);
  }
});

test('a group whose id the run never learned is kept, and the rollback says so', async () => {
  const run = createGroupsRun('name\nA\n', {
    api: 'im',
    fault: ({ call }) => (call.method === 'GET' ? { status: 503, body: '' } : 'no-id'),
  });
  await run.apply();
  const state = await run.rollback();
  expect(outcomeOf(state, 'a')).toMatchObject({
    status: 'kept',
    detail: 'the run recorded no usable id of it',
  });
});

test('an id that Zoom itself answers with, and that must not stand in a path, is no id', async () => {
  const run = createGroupsRun('name\nA\n', {
    api: 'im',
    fault: ({ call }) =>
      call.method === 'POST' ? { status: 201, body: '{"id":"..","name":"A"}' } : undefined,
  });
  const state = await run.apply();
  expect(outcomeOf(state, 'a')?.ids).toBeUndefined();
});

test('updates are put back only with --include-updates, and only if nobody changed the group since', async () => {
  const run = createGroupsRun('name,type\nA,shared\nB,shared\n', { api: 'im' });
  run.zoom.add('A', {}, 3);
  run.zoom.add('B', {}, 3);
  await run.apply({ update: true });
  expect((await run.rollback()).rows.size).toBe(0);
  Object.assign(run.zoom.find('B')[0]?.fields ?? {}, { type: 'restricted' });
  const state = await run.rollback(true);
  expect(statusesOf(state)).toEqual({ a: 'restored', b: 'kept' });
  expect(run.zoom.find('A')[0]?.fields).toMatchObject({ type: 'normal' });
});

test('a restore that Zoom never lets through has failed, also if the old name differs in case only', async () => {
  let isRollback = false;
  const run = createGroupsRun('name\nSALES\n', {
    api: 'im',
    fault: ({ call }) => (isRollback && call.method === 'PATCH' ? 'lost-before' : undefined),
  });
  run.zoom.add('Sales', {}, 3);
  expect(statusesOf(await run.apply({ update: true }))).toEqual({ sales: 'updated' });
  isRollback = true;
  const state = await run.rollback(true);
  expect(outcomeOf(state, 'sales')?.status).toBe('failed');
  expect(outcomeOf(state, 'sales')?.detail).toContain('renamed from "SALES"');
  expect(run.zoom.groups).toMatchObject([{ name: 'SALES' }]);
});
