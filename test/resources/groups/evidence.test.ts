/** After a lost answer: what a list, a 409 and the group itself prove, and how long a late list is waited for. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../support/fake-zoom.js';
import { createGroupsRun, outcomeOf, statusesOf } from '../../support/groups-run.js';
import type { Request } from '../../support/scripted-api.js';

const LATE_MS = 4_500;
const apis = ['im', 'contacts'] as const;

/** Faults by the name of the group, one for each create of that name in turn. */
function inTurn(faults: Readonly<Record<string, readonly (Fault | undefined)[]>>) {
  const turns = new Map<string, number>();
  return (_: Request, name: string | undefined): Fault | undefined => {
    if (name === undefined) return undefined;
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    return faults[name]?.[turn];
  };
}

type Run = ReturnType<typeof createGroupsRun>;
/** When the newest create was answered or given up. */
const lastCreateAt = ({ zoom }: Run): number =>
  Math.max(...zoom.sent.filter(({ call }) => call.method === 'POST').map(({ answeredAt }) => answeredAt));
const lastReadAt = ({ zoom }: Run): number =>
  Math.max(...zoom.sent.filter(({ call }) => call.method === 'GET').map(({ at }) => at));
const posts = ({ zoom }: Run): number => zoom.sent.filter(({ call }) => call.method === 'POST').length;
const listsAt = ({ zoom }: Run): readonly number[] =>
  zoom.sent.filter(({ call }) => /groups$/.test(call.path) && call.method === 'GET').map(({ at }) => at);

describe.each(apis)('a lost answer to a create of %s groups', (api) => {
  test.each([
    0,
    LATE_MS,
  ])('that took effect is recovered, if lists show new groups %i ms later', async (listingLagMs) => {
    const fault = inTurn({ A: ['lost-after'] });
    const run = createGroupsRun('name,type\nA,shared\nB,\n', { api, listingLagMs, fault });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'created',
      detail: 'recovered',
      ids: { groupId: 'g1' },
    });
    expect(run.zoom.timesCreated('A')).toBe(1);
    // The first list that shows it is enough.
    expect(lastReadAt(run) - lastCreateAt(run)).toBeLessThanOrEqual(listingLagMs === 0 ? 1_000 : 15_000);
  });

  test.each([0, LATE_MS])('that took no effect ends as it is at Zoom, %i ms late', async (listingLagMs) => {
    const fault = inTurn({
      A: ['lost-before', 'lost-before', 'lost-before', 'lost-before', 'lost-before', 'lost-before'],
    });
    const run = createGroupsRun('name\nA\nB\n', { api, listingLagMs, fault });
    const state = await run.apply();
    expect(statusesOf(state)).toEqual({ a: 'failed', b: 'created' });
    expect(outcomeOf(state, 'a')?.detail).toContain('not found in Zoom');
    expect(run.zoom.timesCreated('A')).toBe(0);
  });

  test('that took effect, with no other group to prove that the list is current, is not called failed', async () => {
    const fault = inTurn({
      A: ['lost-after', 'error-before', 'error-before', 'lost-before', 'lost-before', 'lost-before'],
    });
    const run = createGroupsRun('name\nA\n', { api, listingLagMs: LATE_MS, fault });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')?.status).toBe('created');
  });

  test('is not settled by a group that was created just before it', async () => {
    // The answer to A's create is lost after 6 s, in which B was created; the list shows B and not yet A.
    const run = createGroupsRun('name\nB\nA\n', {
      api,
      listingLagMs: LATE_MS,
      fault: inTurn({ A: ['lost-after', ...Array<Fault>(5).fill('lost-before')] }),
      latencyMs: ({ call }) =>
        call.method === 'POST' && JSON.stringify(call.body).includes('"A"') ? 6_000 : 100,
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')?.status).not.toBe('failed');
  });

  test('is not recovered if a group of that name has members or other settings', async () => {
    const run = createGroupsRun('name,type\nA,shared\nB,shared\nC,\n', {
      api,
      fault: (_, name) => {
        // Another administrator creates both while the run's requests are lost.
        const isNew = name !== undefined && run.zoom.find(name).length === 0;
        const shared = api === 'im' ? { type: 'shared' } : { group_privacy: 1 };
        if (name === 'A' && isNew) run.zoom.add('A', shared, 2);
        if (name === 'B' && isNew) run.zoom.add('B');
        return name === 'A' || name === 'B' ? 'lost-before' : undefined;
      },
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'already-provisioned',
      detail: 'possibly created by this run',
    });
    expect(outcomeOf(state, 'b')?.status).toBe('already-provisioned');
    expect(outcomeOf(state, 'b')?.detail).toBe('possibly created by this run; differs: type normal → shared');
    // What may be another's is nothing that a rollback deletes.
    expect([state.rows.get('a')?.effects, state.rows.get('b')?.effects]).toEqual([undefined, undefined]);
  });

  test('is not recovered if nothing says whether the group is empty', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: inTurn({ A: ['lost-after'] }),
      hasNoMemberCount: true,
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'already-provisioned',
      detail: 'possibly created by this run',
    });
  });

  test('is not recovered if the group cannot be read', async () => {
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }, name) => {
        if (/groups\/./.test(call.path)) return { status: 500, body: '' };
        return name === 'A' ? 'lost-after' : undefined;
      },
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'already-provisioned',
      detail: 'possibly created by this run',
    });
  });

  test('is unknown if the groups cannot be listed at the end', async () => {
    let lists = 0;
    const run = createGroupsRun('name\nA\n', {
      api,
      fault: ({ call }, name) => {
        if (name === 'A') return 'lost-before';
        if (!/groups$/.test(call.path)) return undefined;
        lists += 1;
        return lists > 1 ? { status: 503, body: '' } : undefined;
      },
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')?.status).toBe('unknown');
    expect(state.warnings.join()).toContain('503');
  });
});

describe('that a group was not created is proven', () => {
  const lostA = (_: Request, name: string | undefined): Fault | undefined =>
    name === 'A' ? 'lost-before' : undefined;

  test('by the next list, if it shows a group that was created later', async () => {
    const run = createGroupsRun('name\nA\nB\nC\n', { api: 'contacts', fault: lostA });
    const state = await run.apply({ concurrency: 1 });
    expect(statusesOf(state)).toEqual({ a: 'failed', b: 'created', c: 'created' });
    expect(listsAt(run).length).toBe(2);
    expect(lastReadAt(run) - lastCreateAt(run)).toBeLessThan(1_000);
  });

  test('by a list 30 s after it, if no group was created later', async () => {
    const run = createGroupsRun('name\nB\nA\n', { api: 'contacts', fault: lostA, latencyMs: 0 });
    const state = await run.apply({ concurrency: 1 });
    expect(statusesOf(state)).toEqual({ a: 'failed', b: 'created' });
    const [, next, last = 0] = listsAt(run);
    expect(next).toBe(lastCreateAt(run));
    expect(last - lastCreateAt(run)).toBe(30_000);
  });

  test('not by a list that lacks a created group: it is taken again after 2, 4, 8 and 16 s', async () => {
    const run = createGroupsRun('name\nB\nA\n', {
      api: 'contacts',
      fault: lostA,
      listingLagMs: 600_000,
      latencyMs: 0,
    });
    const state = await run.apply({ concurrency: 1 });
    expect(statusesOf(state)).toEqual({ a: 'unknown', b: 'created' });
    const [, ...lists] = listsAt(run);
    expect(lists.slice(1).map((at, i) => at - (lists[i] ?? 0))).toEqual([2_000, 4_000, 8_000, 16_000]);
  });

  test('by creating it once more, if Zoom refuses a second group of one name', async () => {
    const run = createGroupsRun('name\nA\n', { api: 'im', fault: lostA });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')?.status).toBe('failed');
    // Three attempts before the list and three after it.
    expect(posts(run)).toBe(6);
  });
});

describe('of groups whose names look alike', () => {
  test('the one with exactly the name of the row is the one that the run created', async () => {
    const run = createGroupsRun('name\nSales\nLegal\n', {
      api: 'im',
      fault: inTurn({ Sales: ['no-id'], Legal: ['lost-after'] }),
    });
    run.zoom.add('SALES');
    run.zoom.add('LEGAL');
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')).toMatchObject({ status: 'created', ids: { groupId: 'g3' } });
    expect(outcomeOf(state, 'legal')).toMatchObject({
      status: 'already-provisioned',
      detail: 'possibly created by this run',
      ids: { groupId: 'g4' },
    });
  });

  test('one that Zoom writes differently is found, if none has exactly the name', async () => {
    const run = createGroupsRun('name\nSales  DACH\n', { api: 'im', foldsNames: true, fault: () => 'no-id' });
    const state = await run.apply();
    expect(outcomeOf(state, 'sales dach')).toMatchObject({ status: 'created', ids: { groupId: 'g1' } });
  });
});

test('a group is not called this run’s own if the run only tried to rename another to it', async () => {
  const run = createGroupsRun('name,previous_name\nNew,Old\n', {
    api: 'contacts',
    fault: ({ call }) => {
      if (call.method === 'PATCH') return 'lost-before';
      if (call.method !== 'POST') return undefined;
      run.zoom.add('New');
      return { status: 422, body: '{"code":300,"message":"no"}' };
    },
  });
  run.zoom.add('Old');
  await run.apply({ update: true, killAtEvent: 3 });
  await run.clock.run(run.clock.sleep(1_000, new AbortController().signal));
  run.zoom.groups.pop();
  const state = await run.apply({ update: true });
  expect(outcomeOf(state, 'new')).toMatchObject({
    status: 'already-provisioned',
    detail: 'possibly created by this run',
  });
});

describe('a list that never shows what Zoom confirmed', () => {
  test('proves the absence of no other group', async () => {
    // Lists stay as they were before the run.
    const run = createGroupsRun('name\nA\nB\nC\n', {
      api: 'contacts',
      listingLagMs: 3_600_000,
      fault: inTurn({ A: ['lost-after'], B: ['no-id'] }),
    });
    const state = await run.apply();
    expect(statusesOf(state)).toEqual({ a: 'unknown', b: 'unknown', c: 'created' });
    // A resume can still find what A's create has done.
    expect(state.rows.get('a')?.doubts?.size).toBe(1);
  });

  test('leaves a group whose answer had an id created: that answer is proof', async () => {
    const run = createGroupsRun('name\nC\n', { api: 'contacts', listingLagMs: 3_600_000 });
    expect(statusesOf(await run.apply())).toEqual({ c: 'created' });
  });

  test('is taken again after 2, 4, 8 and 16 s, and then no more', async () => {
    const run = createGroupsRun('name\nB\n', {
      api: 'im',
      listingLagMs: 3_600_000,
      fault: inTurn({ B: ['no-id'] }),
    });
    await run.apply();
    const lists = run.zoom.sent.filter(({ call }) => call.method === 'GET').slice(1);
    const waits = lists.slice(1).map(({ at }, i) => Math.round((at - (lists[i]?.answeredAt ?? 0)) / 1_000));
    expect(waits).toEqual([2, 4, 8, 16]);
  });
});

describe('IM groups', () => {
  test('a lost answer, then a 409 for the same create, and a list 4.5 s late end as created', async () => {
    const run = createGroupsRun('name\nA\n', {
      api: 'im',
      listingLagMs: LATE_MS,
      fault: inTurn({ A: ['lost-after'] }),
    });
    const state = await run.apply();
    // The second attempt met the group of the first.
    expect(run.zoom.sent.filter(({ call }) => call.method === 'POST').length).toBe(2);
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'created', detail: 'recovered' });
    expect(state.rows.get('a')?.effects).toMatchObject([{ ids: { groupId: 'g1' } }]);
  });

  test('a lost answer and a 409 without any list may be this run’s: provisioned, and said so', async () => {
    const run = createGroupsRun('name\nA\n', {
      api: 'im',
      fault: ({ call }, name) => {
        if (call.method === 'GET') return { status: 403, body: '{"code":4711,"message":"no scopes"}' };
        return name !== undefined && run.zoom.groups.length === 0 ? 'lost-after' : undefined;
      },
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'already-provisioned',
      detail: 'possibly created by this run',
    });
  });
});

test('two groups of the name after a lost answer: neither is called this run’s own', async () => {
  const run = createGroupsRun('name\nA\n', {
    api: 'contacts',
    fault: (_, name) => {
      if (name === undefined) return undefined;
      run.zoom.add('A');
      return 'lost-after';
    },
  });
  const state = await run.apply();
  expect(outcomeOf(state, 'a')?.status).toBe('already-provisioned');
  expect(outcomeOf(state, 'a')?.detail).toBe('possibly created by this run; Zoom has 2 groups of this name');
  expect(state.rows.get('a')?.effects).toBeUndefined();
});
