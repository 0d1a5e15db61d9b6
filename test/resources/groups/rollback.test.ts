/** A rollback deletes only what the run created and nobody has used since, and only on evidence. */
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/events/event.js';
import { applyEvent, createRunState } from '../../../src/events/run-state.js';
import { findUndos } from '../../../src/resources/groups/rollback.js';
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

  test('keeps a group if the answer about it has no group', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => (/groups\/./.test(call.path) ? { status: 200, body: '{}' } : undefined),
    });
    await run.apply();
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'kept',
      detail: 'its state cannot be determined: the response has no group',
    });
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

  test('calls a group gone already that another deletes at the same time, once Zoom says so when asked for it', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => {
        if (call.method === 'DELETE') run.zoom.groups.pop();
        return undefined;
      },
    });
    await run.apply();
    const from = run.zoom.sent.length;
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'deleted', detail: 'already gone' });
    expect(run.zoom.sent.slice(from).map(({ call }) => call.method)).toEqual(['GET', 'DELETE', 'GET']);
  });

  test('that Zoom refuses has failed, with its reason, and the group is not read again', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => (call.method === 'DELETE' ? { status: 422, body: '{"message":"no"}' } : undefined),
    });
    await run.apply();
    const from = run.zoom.sent.length;
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'failed', detail: 'no', httpStatus: 422 });
    expect(run.zoom.sent.slice(from).map(({ call }) => call.method)).toEqual(['GET', 'DELETE']);
  });

  test('is unknown if the group cannot be read after the answer was lost', async () => {
    let isDeleting = false;
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => {
        if (call.method === 'DELETE') isDeleting = true;
        return isDeleting ? { status: 500, body: '' } : undefined;
      },
    });
    await run.apply();
    const state = await run.rollback();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'unknown',
      detail: expect.stringContaining('whether it was deleted cannot be determined'),
    });
  });

  test('that was killed before its delete took effect deletes the group when it goes on', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }) => (call.method === 'DELETE' && isKilled ? 'lost-before' : undefined),
    });
    let isKilled = true;
    await run.apply();
    await run.rollback(false, { killAtEvent: 3 });
    await run.clock.run(run.clock.sleep(1_000, new AbortController().signal));
    expect(run.zoom.groups.length).toBe(1);
    isKilled = false;
    const state = await run.rollback(false, { isResume: true });
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'deleted', detail: '' });
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
    expect(outcomeOf(state, 'a')?.detail).toContain('; the group still exists');
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

test('an update that somebody put back since is kept: it was changed', async () => {
  const run = createGroupsRun('name,type\nA,shared\n', { api: 'im' });
  run.zoom.add('A', {}, 3);
  await run.apply({ update: true });
  Object.assign(run.zoom.find('A')[0]?.fields ?? {}, { type: 'normal' });
  const state = await run.rollback(true);
  expect(outcomeOf(state, 'a')).toMatchObject({
    status: 'kept',
    detail: 'changed since (differs: type shared → normal)',
  });
});

test('an updated group that no longer exists is kept, and the rollback says so', async () => {
  const run = createGroupsRun('name,type\nA,shared\n', { api: 'im' });
  run.zoom.add('A', {}, 3);
  await run.apply({ update: true });
  run.zoom.groups.pop();
  const state = await run.rollback(true);
  expect(outcomeOf(state, 'a')).toMatchObject({ status: 'kept', detail: 'the group no longer exists' });
});

test.each([
  ['im', 'search_by_domain,search_by_account,search_by_ma_account', 'yes,no,yes', [false, true, false]],
  ['contacts', 'description', 'new', 'old'],
] as const)('an update of %s groups is put back to all of its old values', async (api, columns, cells, old) => {
  const fields =
    api === 'im'
      ? { search_by_domain: old[0], search_by_account: old[1], search_by_ma_account: old[2] }
      : { description: old };
  const run = createGroupsRun(`name,${columns}\nA,${cells}\n`, { api });
  run.zoom.add('A', fields, 3);
  await run.apply({ update: true });
  expect(run.zoom.find('A')[0]?.fields).not.toMatchObject(fields);
  expect(statusesOf(await run.rollback(true))).toEqual({ a: 'restored' });
  expect(run.zoom.find('A')[0]?.fields).toMatchObject(fields);
});

test('values before an update that only an edited journal can hold are not sent', async () => {
  const noteOf = (before: unknown) => {
    const events: Event[] = [
      {
        type: 'attempt',
        at: 1,
        step: 1,
        n: 1,
        operation: 'update',
        label: 'light',
        effect: 'write',
        rows: [ref],
        note: { before },
      },
      {
        type: 'reply',
        at: 2,
        step: 1,
        n: 1,
        label: 'light',
        reply: { type: 'success', httpStatus: 204 },
        outcomes: [{ ...ref, outcome: { status: 'updated', detail: '', ids: { groupId: 'g1' } } }],
      },
    ];
    const state = createRunState();
    for (const event of events) applyEvent(state, event);
    return findUndos(state, true)[0]?.before;
  };
  const ref = { key: 'a', fingerprint: '', name: 'A', line: 2 };
  expect(noteOf({ name: 'Old', type: 'normal', description: '', searchByDomain: false })).toEqual({
    name: 'Old',
    type: 'normal',
    description: '',
    searchByDomain: false,
  });
  for (const before of [
    undefined,
    null,
    'x',
    7,
    { name: 7, type: 'new', description: null, searchByDomain: 'no', id: true },
  ]) {
    expect(noteOf(before)).toEqual({});
  }
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
