/** Processes that are killed at any moment, and what a resume of their run does. */
import { describe, expect, test } from 'vitest';
import { createGroupsRun, outcomeOf, statusesOf } from '../../support/groups-run.js';

const apis = ['im', 'contacts'] as const;
const CSV = 'name,type\nA,shared\nB,\nC,\nD,\n';

describe.each(apis)('a run on %s groups that is killed at any moment and resumed', (api) => {
  test('ends with every group once, and with all rows provisioned', async () => {
    for (let killAtEvent = 1; killAtEvent <= 14; killAtEvent += 1) {
      const run = createGroupsRun(CSV, { api, listingLagMs: 4_500 });
      await run.apply({ killAtEvent });
      const state = await run.apply();
      expect(state.stop).toBeUndefined();
      expect(Object.values(statusesOf(state)), `killed at event ${killAtEvent}`).toEqual(
        Array(4).fill('created'),
      );
      expect(run.zoom.groups.map(({ name }) => name).sort()).toEqual(['A', 'B', 'C', 'D']);
    }
  });

  test('also if the resume is killed too, again and again', async () => {
    for (const killAtEvent of [3, 4, 5, 6, 7]) {
      const run = createGroupsRun(CSV, { api, listingLagMs: 4_500 });
      for (let i = 0; i < 5; i += 1) await run.apply({ killAtEvent });
      const state = await run.apply();
      expect(Object.values(statusesOf(state))).toEqual(Array(4).fill('created'));
      expect(run.zoom.groups.length).toBe(4);
    }
  });

  test('still undoes all of its groups', async () => {
    const run = createGroupsRun(CSV, { api });
    await run.apply({ killAtEvent: 6 });
    await run.apply();
    const undone = await run.rollback();
    expect(Object.values(statusesOf(undone))).toEqual(Array(4).fill('deleted'));
    expect(run.zoom.groups).toEqual([]);
  });
});

describe('a resume of contact groups', () => {
  test('lists when its youngest doubt is 60 s old, not before', async () => {
    const run = createGroupsRun('name\nA\n', {
      api: 'contacts',
      latencyMs: ({ call }) => (call.method === 'POST' ? 50_000 : 100),
    });
    await run.apply({ killAfterMs: 1_000 });
    const sentAt = run.zoom.sent.find(({ call }) => call.method === 'POST')?.at ?? 0;
    expect(run.zoom.groups).toEqual([]);
    const state = await run.apply();
    const list = run.zoom.sent.find(({ call, at }) => call.method === 'GET' && at > sentAt);
    expect(list?.at).toBe(sentAt + 60_000);
    expect([run.zoom.timesCreated('A'), outcomeOf(state, 'a')?.detail]).toEqual([1, 'recovered']);
  });

  test('without a doubt lists at once', async () => {
    const run = createGroupsRun('name\nA\nB\n', { api: 'contacts' });
    await run.apply({ limit: 1 });
    const before = run.clock.now();
    await run.apply();
    expect(run.zoom.sent.find(({ at }) => at >= before)?.at).toBe(before);
  });

  test('waits at most 60 s, also if the clock was set back since', async () => {
    const run = createGroupsRun('name\nA\n', { api: 'contacts' });
    await run.apply({ killAtEvent: 3 });
    const [, attempt] = run.journal.filter(({ type }) => type === 'attempt');
    if (!attempt) throw new Error('no create was sent');
    run.journal[run.journal.indexOf(attempt)] = { ...attempt, at: attempt.at + 3_600_000 };
    const before = run.clock.now();
    await run.apply();
    expect(run.zoom.sent.find(({ at }) => at >= before)?.at).toBe(before + 60_000);
  });
});

describe('a row that an answer alone had settled when the process was killed', () => {
  test('gets its id from the list of the resume', async () => {
    const run = createGroupsRun('name\nA\n', {
      api: 'im',
      fault: ({ call }) => (call.method === 'POST' ? 'no-id' : undefined),
    });
    await run.apply({ killAtEvent: 4 });
    expect(outcomeOf(run.state(), 'a')).toMatchObject({ status: 'created' });
    expect(outcomeOf(run.state(), 'a')?.ids).toBeUndefined();
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'created', detail: '', ids: { groupId: 'g1' } });
  });

  test('gets it from the group with exactly its name, or from the one that Zoom writes differently', async () => {
    for (const [other, name] of [
      ['SALES', 'Sales'],
      ['Other', 'Sales  DACH'],
    ]) {
      const run = createGroupsRun(`name\n${name}\n`, {
        api: 'im',
        foldsNames: true,
        fault: ({ call }) => (call.method === 'POST' ? 'no-id' : undefined),
      });
      run.zoom.add(other ?? '');
      await run.apply({ killAtEvent: 4 });
      const state = await run.apply();
      const key = name?.toLowerCase().replace('  ', ' ') ?? '';
      expect(outcomeOf(state, key)).toMatchObject({ status: 'created', ids: { groupId: 'g2' } });
    }
  });

  test.each([
    [201, '{}', 'Zoom answered that the group was created, but its list of groups does not show it'],
    [
      409,
      '{"code":4132,"message":"in use"}',
      'Zoom answered that the name is in use, but its list of groups does not show it',
    ],
  ])('by %i, is unknown if no list shows the group', async (status, body, detail) => {
    const run = createGroupsRun('name\nA\n', {
      api: 'im',
      fault: ({ call }) => (call.method === 'POST' ? { status, body } : undefined),
    });
    await run.apply({ killAtEvent: 4 });
    expect(outcomeOf(run.state(), 'a')?.status).toMatch(/created|already-provisioned/);
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({ status: 'unknown', detail });
  });

  test('by a 409, is compared with the group that the list shows', async () => {
    const run = createGroupsRun('name,type\nA,shared\n', {
      api: 'im',
      fault: ({ call }) => {
        if (call.method !== 'POST') return undefined;
        run.zoom.add('A');
        return { status: 409, body: '' };
      },
    });
    await run.apply({ killAtEvent: 4 });
    const state = await run.apply();
    expect(outcomeOf(state, 'a')).toMatchObject({
      status: 'already-provisioned',
      detail: 'differs: type normal → shared',
    });
  });
});

test('a group that was possibly created by the run takes no other row’s outcome with it', async () => {
  const run = createGroupsRun('name\nA\nB\nC\n', {
    api: 'im',
    fault: (_, name) => (name === 'A' ? { status: 422, body: '{"code":300,"message":"no"}' } : undefined),
    latencyMs: ({ call }) => (JSON.stringify(call).includes('"B"') ? 10_000 : 100),
  });
  // Without a listing before it, nothing tells whether B existed already.
  await run.apply({ body: 'json', listing: false, killAfterMs: 1_000 });
  await run.clock.run(run.clock.sleep(20_000, new AbortController().signal));
  run.zoom.add('A');
  const state = await run.apply({ body: 'json' });
  expect(
    ['a', 'b', 'c'].map((key) => [outcomeOf(state, key)?.status, outcomeOf(state, key)?.detail]),
  ).toEqual([
    ['already-provisioned', 'identical'],
    ['already-provisioned', 'possibly created by this run'],
    ['created', ''],
  ]);
});

test('what is recorded of a row with each request is the same, whether it reads or writes', async () => {
  const run = createGroupsRun('name,type\nA,shared\n', { api: 'contacts', latencyMs: 1_000 });
  await run.apply({ killAfterMs: 1_500 });
  expect(outcomeOf(await run.apply(), 'a')?.detail).toBe('recovered');
  const attempts = run.journal.filter((event) => event.type === 'attempt' && event.rows.length > 0);
  expect(attempts).toMatchObject([{ operation: 'create' }, { operation: 'read-group' }]);
  for (const attempt of attempts) {
    expect(attempt).toHaveProperty('rows', [{ key: 'a', fingerprint: 'type=shared', name: 'A', line: 2 }]);
  }
});

test('a resume sends failed rows again, and nothing for those that are provisioned', async () => {
  let isDown = true;
  const run = createGroupsRun('name\nA\nB\n', {
    api: 'im',
    fault: (_, name) =>
      name === 'B' && isDown ? { status: 422, body: '{"code":300,"message":"no"}' } : undefined,
  });
  expect(statusesOf(await run.apply())).toEqual({ a: 'created', b: 'failed' });
  isDown = false;
  const before = run.zoom.sent.length;
  expect(statusesOf(await run.apply())).toEqual({ a: 'created', b: 'created' });
  expect(run.zoom.sent.slice(before).map(({ call }) => call.method)).toEqual(['GET', 'POST']);
});

test('the rows of the input are closed when a run stops in the middle of them', async () => {
  const names = Array.from({ length: 200 }, (_, i) => `Group ${i}`);
  const run = createGroupsRun(`name\n${names.join('\n')}\n`, {
    api: 'im',
    fault: (_, name) =>
      name === 'Group 20'
        ? { status: 200, body: '{"code":200,"message":"Only available for paid account"}' }
        : undefined,
  });
  const state = await run.apply();
  expect(state.stop?.reason).toBe('paid-plan');
  expect(run.openInputs()).toBe(0);
});
