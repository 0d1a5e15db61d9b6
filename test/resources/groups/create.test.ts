/** Creating groups: what Zoom's answers prove, names that it writes differently, body formats, plans and limits. */
import { describe, expect, test } from 'vitest';
import { createGroupsRun, outcomeOf, statusesOf } from '../../support/groups-run.js';

const posts = (run: ReturnType<typeof createGroupsRun>): number =>
  run.zoom.sent.filter(({ call }) => call.method === 'POST').length;
const lists = (run: ReturnType<typeof createGroupsRun>): number =>
  run.zoom.sent.filter(({ call }) => call.method === 'GET' && /groups$/.test(call.path)).length;
const apis = ['im', 'contacts'] as const;

describe.each(apis)('%s groups', (api) => {
  test('that do not exist are created with what their rows ask for', async () => {
    const run = createGroupsRun('name,type\nSales,shared\nLegal,\n', { api });
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')).toMatchObject({
      status: 'created',
      detail: '',
      ids: { groupId: 'g1' },
    });
    expect(statusesOf(state)).toEqual({ sales: 'created', legal: 'created' });
    const field = api === 'im' ? { type: 'shared' } : { group_privacy: 1 };
    expect(run.zoom.find('Sales')[0]?.fields).toMatchObject(field);
  });

  test('that exist are left alone, and how they differ is reported', async () => {
    const run = createGroupsRun('name,type\nSales,shared\nLegal,normal\nOps,\n', { api });
    run.zoom.add('Sales');
    run.zoom.add('Legal', {}, 3);
    run.zoom.add('Ops');
    run.zoom.add('Ops', {}, 1);
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')?.detail).toBe('differs: type normal → shared');
    expect(outcomeOf(state, 'legal')?.detail).toBe('identical');
    expect(outcomeOf(state, 'ops')?.detail).toBe('identical; Zoom has 2 groups of this name');
    expect(Object.values(statusesOf(state))).toEqual(Array(3).fill('already-provisioned'));
    expect(posts(run)).toBe(0);
  });

  test('are preferred if they have exactly the name, to those that Zoom writes differently', async () => {
    const run = createGroupsRun('name\nSales\n', { api });
    run.zoom.add('SALES');
    run.zoom.add('Sales');
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')).toMatchObject({
      status: 'already-provisioned',
      detail: 'identical',
      ids: { groupId: 'g2' },
    });
  });

  test('are not created again by a second run', async () => {
    const run = createGroupsRun('name\nSales\nLegal\n', { api });
    await run.apply();
    await run.apply();
    expect([posts(run), run.zoom.groups.length]).toEqual([2, 2]);
  });

  test('that Zoom refuses have failed, with its reason', async () => {
    const refusal = {
      status: 400,
      body: '{"code":300,"message":"Validation Failed.","errors":[{"field":"name","message":"no"}]}',
    };
    const run = createGroupsRun('name\nSales\nLegal\n', {
      api,
      fault: (_, name) => (name === 'Legal' ? refusal : undefined),
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'legal')).toMatchObject({ status: 'failed', httpStatus: 400, code: 300 });
    expect(outcomeOf(state, 'legal')?.detail).toContain('Validation Failed.');
    expect(outcomeOf(state, 'sales')?.status).toBe('created');
  });

  test('created without an id in the answer get it from the closing list', async () => {
    const run = createGroupsRun('name\nSales\n', { api, fault: () => 'no-id', listingLagMs: 4_500 });
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')).toMatchObject({ status: 'created', ids: { groupId: 'g1' } });
    expect(state.rows.get('sales')?.effects).toMatchObject([{ ids: { groupId: 'g1' } }]);
  });

  test('whose names Zoom stores with other blanks are created once, and the detail says how it writes them', async () => {
    const run = createGroupsRun('name\nSales  DACH\n', { api, foldsNames: true });
    const first = await run.apply();
    expect(outcomeOf(first, 'sales dach')).toMatchObject({
      status: 'created',
      detail: 'Zoom writes the name "Sales DACH"',
    });
    const other = createGroupsRun('name\nSales  DACH\n', { api, foldsNames: true });
    other.zoom.add('Sales DACH');
    const state = await other.apply();
    expect(outcomeOf(state, 'sales dach')?.status).toBe('already-provisioned');
    expect(outcomeOf(state, 'sales dach')?.detail).toContain('Zoom writes the name "Sales DACH"');
    expect(other.zoom.groups.length).toBe(1);
  });

  test('--limit sends so many rows that need a request, and a resume sends the others', async () => {
    const run = createGroupsRun('name\nOld\nA\nB\nC\nD\nE\n', { api });
    run.zoom.add('Old');
    const first = await run.apply({ limit: 2 });
    expect(first.stop).toMatchObject({ reason: 'limit', exit: 4 });
    expect(statusesOf(first)).toEqual({ old: 'already-provisioned', a: 'created', b: 'created' });
    const second = await run.apply({ limit: 3 });
    expect(second.stop).toBeUndefined();
    expect(run.zoom.groups.map(({ name }) => name)).toEqual(['Old', 'A', 'B', 'C', 'D', 'E']);
  });

  test('a plan sends no write, and the run after it does just what it showed, with no second list', async () => {
    const run = createGroupsRun('name\nOld\nA\nB\n', { api });
    run.zoom.add('Old');
    const { writes, apply } = await run.plan();
    expect(writes.map(({ operation, rows }) => [operation, rows[0]?.name])).toEqual([
      ['create', 'A'],
      ['create', 'B'],
    ]);
    expect([posts(run), lists(run)]).toEqual([0, 1]);
    const state = await apply();
    expect(statusesOf(state)).toEqual({ old: 'already-provisioned', a: 'created', b: 'created' });
    // A list at the end looks for second groups of one name, if Zoom allows them.
    expect(lists(run)).toBe(api === 'im' ? 1 : 2);
  });
});

test('a plan with --limit shows what the limited run does', async () => {
  const run = createGroupsRun('name\nA\nB\nC\n', { api: 'im' });
  const { writes, apply } = await run.plan({ limit: 2 });
  expect(writes.map(({ rows }) => rows[0]?.name)).toEqual(['A', 'B']);
  const state = await apply();
  expect([state.stop?.reason, statusesOf(state)]).toEqual(['limit', { a: 'created', b: 'created' }]);
});

describe('a name that Zoom says is in use', () => {
  test.each([
    ['with its code', '{"code":4132,"message":"Group name Sales is already in use."}'],
    ['with nothing else', ''],
  ])('%s is provisioned if the list at the end shows the group', async (_, body) => {
    const run = createGroupsRun('name,type\nSales,shared\n', {
      api: 'im',
      fault: (_request, name) => {
        if (name === undefined) return undefined;
        run.zoom.add('Sales');
        return { status: 409, body };
      },
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')).toMatchObject({
      status: 'already-provisioned',
      detail: 'differs: type normal → shared',
      ids: { groupId: 'g1' },
    });
  });

  test('but that no list shows is unknown, never provisioned', async () => {
    const run = createGroupsRun('name\nSales\n', {
      api: 'im',
      fault: (_, name) =>
        name === undefined ? undefined : { status: 409, body: '{"code":4132,"message":"in use"}' },
    });
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')?.status).toBe('unknown');
    expect(outcomeOf(state, 'sales')?.detail).toContain('does not show it');
  });

  test('in another spelling names that spelling', async () => {
    const run = createGroupsRun('name\nSales\n', {
      api: 'im',
      fault: (_, name) =>
        name === undefined ? undefined : { status: 409, body: '{"code":4132,"message":"in use"}' },
    });
    run.zoom.add('SALES');
    const state = await run.apply();
    expect(outcomeOf(state, 'sales')).toMatchObject({
      status: 'already-provisioned',
      detail: 'identical; Zoom writes the name "SALES"',
    });
  });

  test.each([
    ['another code', '{"code":999,"message":"Conflict"}'],
    ['a page of HTML', '<html>conflict</html>'],
  ])('is not what a 409 with %s means: without the group the row has failed', async (_, body) => {
    const run = createGroupsRun('name\nSales\nLegal\n', {
      api: 'im',
      fault: (_request, name) => (name === 'Sales' ? { status: 409, body } : undefined),
    });
    const state = await run.apply();
    expect(statusesOf(state)).toEqual({ sales: 'failed', legal: 'created' });
  });
});

test('a 201 without an id that no list shows is unknown', async () => {
  const run = createGroupsRun('name\nSales\n', {
    api: 'im',
    fault: (_, name) => (name === undefined ? undefined : { status: 201, body: '{}' }),
  });
  const state = await run.apply();
  expect(outcomeOf(state, 'sales')?.status).toBe('unknown');
});

test('a 200 with an error code is no group', async () => {
  const run = createGroupsRun('name\nSales\n', {
    api: 'im',
    fault: (_, name) =>
      name === undefined
        ? undefined
        : { status: 200, body: '{"code":200,"message":"Only available for paid account:x."}' },
  });
  const state = await run.apply();
  expect([state.stop?.reason, state.stop?.exit, outcomeOf(state, 'sales')]).toEqual([
    'paid-plan',
    3,
    undefined,
  ]);
});

test('a second contact group of the name, made by another process at the same time, is reported', async () => {
  const run = createGroupsRun('name\nSales\n', {
    api: 'contacts',
    fault: (_, name) => {
      if (name !== undefined) run.zoom.add('Sales');
      return undefined;
    },
  });
  const state = await run.apply();
  expect(outcomeOf(state, 'sales')).toMatchObject({
    status: 'created',
    detail: 'Zoom now has 2 groups of this name',
  });
  expect(outcomeOf(state, 'sales')?.ids?.groupId).toBe('g2');
  expect(state.warnings.join()).toContain('Zoom has 2 groups of this name');
});

describe('--body auto', () => {
  const bodies = (run: ReturnType<typeof createGroupsRun>): readonly (string | undefined)[] =>
    run.zoom.sent.filter(({ call }) => call.method === 'POST').map(({ call }) => call.body?.type);

  test('sends forms while Zoom takes them', async () => {
    const run = createGroupsRun('name\nA\nB\n', { api: 'im' });
    const state = await run.apply();
    expect(bodies(run)).toEqual(['form', 'form']);
    expect(state.notes).toEqual([{ bodyFormat: 'multipart' }]);
    expect(state.warnings).toEqual([]);
  });

  test.each([
    415, 400,
  ] as const)('tries JSON once if the first form is refused with %i, and stays with it', async (status) => {
    const run = createGroupsRun('name\nA\nB\nC\nD\n', { api: 'im', refusesForms: status });
    const state = await run.apply();
    expect(bodies(run)).toEqual(['form', 'json', 'json', 'json', 'json']);
    // Nothing else is sent until the format is settled.
    expect(run.zoom.sent[2]?.at).toBeGreaterThanOrEqual(run.zoom.sent[1]?.answeredAt ?? 0);
    expect(run.zoom.sent[3]?.at).toBeGreaterThanOrEqual(run.zoom.sent[2]?.answeredAt ?? 0);
    expect(Object.values(statusesOf(state))).toEqual(Array(4).fill('created'));
    expect(state.notes).toContainEqual({ bodyFormat: 'json' });
    expect(state.warnings).toEqual([
      'Zoom refused multipart request bodies and accepted json: json is used for this run',
    ]);
  });

  test('remembers the format in a resume', async () => {
    const run = createGroupsRun('name\nA\nB\nC\n', { api: 'im', refusesForms: 415 });
    await run.apply({ limit: 1 });
    await run.apply();
    expect(bodies(run)).toEqual(['form', 'json', 'json', 'json']);
  });

  test('is not misled by a row that Zoom refuses for one of its fields', async () => {
    const run = createGroupsRun('name\nA\nB\n', {
      api: 'im',
      fault: (_, name) =>
        name === 'A'
          ? {
              status: 400,
              body: '{"code":300,"message":"Validation Failed.","errors":[{"field":"name","message":"no"}]}',
            }
          : undefined,
    });
    const state = await run.apply();
    expect(bodies(run)).toEqual(['form', 'form']);
    expect(statusesOf(state)).toEqual({ a: 'failed', b: 'created' });
  });

  test('is for IM groups: contact groups take JSON only', async () => {
    const run = createGroupsRun('name\nA\n', { api: 'contacts' });
    await run.apply();
    expect(bodies(run)).toEqual(['json']);
  });

  test('a fixed format that Zoom does not take stops the run and names the other', async () => {
    const run = createGroupsRun('name\nA\nB\n', { api: 'im', refusesForms: 415 });
    const state = await run.apply({ body: 'multipart' });
    expect(state.stop).toMatchObject({
      exit: 3,
      reason: 'media-type',
      hint: expect.stringContaining('--body json'),
    });
    expect(run.zoom.groups).toEqual([]);
  });

  test.each([
    [422, '{"code":300,"message":"no"}', 'multipart'],
    [415, '', 'auto'],
  ] as const)('a refusal with %i that is about one row fails that row only', async (status, body, choice) => {
    const run = createGroupsRun('name\nA\nB\nC\n', {
      api: 'im',
      fault: (_, name) => (name === 'B' ? { status, body } : undefined),
    });
    const state = await run.apply({ body: choice });
    expect([state.stop, statusesOf(state)]).toEqual([undefined, { a: 'created', b: 'failed', c: 'created' }]);
  });
});

test('a column that the API has no field for is named in one warning, and not sent', async () => {
  const run = createGroupsRun('name,search_by_domain\nA,yes\nB,no\n', { api: 'contacts' });
  const state = await run.apply();
  expect(statusesOf(state)).toEqual({ a: 'created', b: 'created' });
  expect(state.warnings).toEqual([
    'contact groups have no search_by_domain: the values of this column are not sent',
  ]);
  // Not once a row: a journal of a million rows would hold a million warnings.
  expect(run.journal.filter(({ type }) => type === 'warning')).toHaveLength(1);
});

test('rows that need no request are recorded by the thousand, each once', async () => {
  const names = Array.from({ length: 2_000 }, (_, i) => `G${i}`);
  const run = createGroupsRun(`name\n${names.join('\n')}\n`, { api: 'im' });
  for (const name of names) run.zoom.add(name);
  const state = await run.apply();
  expect(state.rows.size).toBe(2_000);
  const records = run.journal.flatMap((event) => (event.type === 'known' ? [event.outcomes?.length] : []));
  expect(records).toEqual([1_000, 1_000]);
});

describe('without a list', () => {
  const noList = (request: { call: { method: string } }) =>
    request.call.method === 'GET'
      ? {
          status: 403,
          body: '{"code":4711,"message":"Invalid access token, does not contain scopes:[imgroup:read:admin]."}',
        }
      : undefined;

  test('IM groups are created all the same, with a warning', async () => {
    const run = createGroupsRun('name\nA\n', { api: 'im', fault: noList });
    const state = await run.apply();
    expect(statusesOf(state)).toEqual({ a: 'created' });
    expect(state.warnings.join()).toContain('could not be listed');
  });

  test.each([
    ['contact groups', 'contacts', {}, 'contact groups may share a name'],
    ['--update', 'im', { update: true }, '--update compares with them'],
    ['a plan', 'im', { needsListing: true }, 'a plan compares with them'],
  ] as const)('nothing is sent for %s, and the stop says why', async (_, api, options, why) => {
    const run = createGroupsRun('name\nA\n', { api, fault: noList });
    const state = await run.apply(options);
    expect(state.stop).toMatchObject({
      exit: 3,
      reason: 'scope-missing',
      message: expect.stringContaining(why),
    });
    expect(posts(run)).toBe(0);
  });

  test('because of an outage, the run stops for later with the true cause', async () => {
    const run = createGroupsRun('name\nA\n', {
      api: 'contacts',
      fault: ({ call }) => (call.method === 'GET' ? { status: 503, body: '' } : undefined),
    });
    const state = await run.apply();
    expect(state.stop).toMatchObject({ exit: 4, reason: 'listing-failed' });
    expect(state.stop?.message).toContain('503');
  });

  test('--no-listing takes none, and contact groups refuse it', async () => {
    const im = createGroupsRun('name\nA\n', { api: 'im' });
    await im.apply({ listing: false });
    expect([lists(im), posts(im)]).toEqual([0, 1]);
    const contacts = createGroupsRun('name\nA\n', { api: 'contacts' });
    const state = await contacts.apply({ listing: false });
    expect([state.stop?.reason, posts(contacts)]).toEqual(['listing-needed', 0]);
  });
});
