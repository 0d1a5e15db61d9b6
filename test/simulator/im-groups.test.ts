/** What a client may rely on when it meets the simulator: responses in general, and IM groups. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_GROUPS } from '../../src/simulator/server.js';
import { send, startTestSimulator, type TestRequest } from '../support/simulator.js';

const ROUTES = ['POST /im/groups', 'GET /im/groups', 'GET /contacts/groups', 'GET /nowhere'];

describe('every response', () => {
  test.each(ROUTES)('to %s has a tracking id of its own and a date', async (route) => {
    const { zoom } = await startTestSimulator();
    const first = await send(zoom, route);
    const second = await send(zoom, route);
    expect(first.headers.get('x-zm-trackingid')).toMatch(/\S/);
    expect(second.headers.get('x-zm-trackingid')).not.toBe(first.headers.get('x-zm-trackingid'));
    expect(Date.parse(first.headers.get('date') ?? '')).not.toBeNaN();
  });

  test.each(ROUTES)('to %s checks the token first', async (route) => {
    const { zoom } = await startTestSimulator();
    for (const token of [null, 'wrong', `${zoom.token}x`]) {
      expect(await send(zoom, route, { token })).toMatchObject({
        status: 401,
        body: { code: 124, message: 'Invalid access token.' },
      });
    }
  });

  test.each([
    ['GET /nowhere', 404],
    ['GET /im/groups/members', 404],
    ['PUT /contacts/groups/x/members', 405],
    ['GET /im/groups/%E0%A4%A', 404],
    ['PUT /im/groups', 405],
    ['POST /im/groups/x', 405],
    ['DELETE /contacts/groups', 405],
  ])('%s is %d', async (route, status) => {
    expect((await send((await startTestSimulator()).zoom, route)).status).toBe(status);
  });
});

describe('creating an IM group', () => {
  const FULL = {
    name: 'Über uns 東京',
    type: 'restricted',
    search_by_domain: 'false',
    search_by_account: 'true',
    search_by_ma_account: 'true',
  };

  test('with a form creates it, and returns an id and no type', async () => {
    const { zoom } = await startTestSimulator({ groups: [] });
    const { status, body } = await send(zoom, 'POST /im/groups', { form: FULL });
    expect(status).toBe(201);
    const settings = { search_by_domain: false, search_by_account: true, search_by_ma_account: true };
    expect(body).toEqual({ id: expect.any(String), name: FULL.name, total_members: 0, ...settings });
    expect(body.id).toMatch(/^[\w-]{22}$/);
    expect(zoom.groups()).toMatchObject([{ id: body.id, name: FULL.name, type: 'restricted', ...settings }]);
    expect(zoom.created()).toMatchObject([{ id: body.id, name: FULL.name }]);
  });

  test('with JSON does the same, and omitted settings get a default', async () => {
    const { zoom } = await startTestSimulator({ groups: [] });
    const { status } = await send(zoom, 'POST /im/groups', { json: { name: 'A', search_by_domain: false } });
    expect(status).toBe(201);
    expect(zoom.groups()).toMatchObject([{ name: 'A', type: 'normal', search_by_domain: false }]);
  });

  test('works with the bytes that curl sends for the documented line', async () => {
    const { zoom } = await startTestSimulator({ groups: [] });
    const fields = { ...FULL, name: 'x', type: 'normal' };
    const dashes = '------------------------9a0c1f6e2b7d4853';
    const parts = Object.entries(fields).map(
      ([field, value]) =>
        `--${dashes}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
    );
    const raw = {
      type: `multipart/form-data; boundary=${dashes}`,
      body: `${parts.join('')}--${dashes}--\r\n`,
    };
    expect((await send(zoom, 'POST /im/groups', { raw })).status).toBe(201);
    expect(zoom.groups()).toMatchObject([{ name: 'x', type: 'normal', search_by_ma_account: true }]);
  });

  test('that exists is 409 with code 4132, and case counts', async () => {
    const { zoom } = await startTestSimulator({ groups: [{ id: 'a', name: 'Sales' }] });
    expect(await send(zoom, 'POST /im/groups', { form: { name: 'Sales' } })).toMatchObject({
      status: 409,
      body: { code: 4132, message: 'Group name Sales is already in use.' },
    });
    expect((await send(zoom, 'POST /im/groups', { form: { name: 'sales' } })).status).toBe(201);
    expect(zoom.created().map(({ name }) => name)).toEqual(['sales']);
  });

  const twice = new FormData();
  twice.append('name', 'A');
  twice.append('name', 'B');
  const asFile = new FormData();
  asFile.append('name', new Blob(['A']), 'a.txt');
  const refused: readonly (readonly [string, TestRequest, string])[] = [
    ['a name that is none of its words', { json: { name: 7 } }, 'name'],
    ['a name of blanks', { form: { name: '   ' } }, 'name'],
    ['a name of 129 characters', { form: { name: 'é'.repeat(129) } }, 'name'],
    ['a name twice', { form: twice }, 'name'],
    ['a name that is a file', { form: asFile }, 'name'],
    ['a type that there is none of', { form: { name: 'A', type: 'Normal' } }, 'type'],
    ['an empty type', { form: { name: 'A', type: '' } }, 'type'],
    ['a field that it does not know', { form: { name: 'A', searchByDomain: 'true' } }, 'searchByDomain'],
    [
      'another word than true and false',
      { form: { name: 'A', search_by_domain: 'TRUE' } },
      'search_by_domain',
    ],
    ['a word for a JSON boolean', { json: { name: 'A', search_by_account: 'true' } }, 'search_by_account'],
    ['a number for one', { json: { name: 'A', search_by_ma_account: 1 } }, 'search_by_ma_account'],
    ['null for one', { json: { name: 'A', search_by_ma_account: null } }, 'search_by_ma_account'],
  ];
  test.each(refused)('%s is refused, and the field is named', async (_, asked, field) => {
    const { zoom } = await startTestSimulator({ groups: [] });
    const { status, body } = await send(zoom, 'POST /im/groups', asked);
    expect(status).toBe(400);
    expect(body).toEqual({
      code: 300,
      message: 'Validation Failed.',
      errors: [{ field, message: expect.any(String) }],
    });
    expect(zoom.groups()).toEqual([]);
  });

  test.each<TestRequest>([
    {},
    { json: {} },
    { form: { name: '' } },
    { form: { type: 'normal' } },
  ])('without a name (%j) says which field is missing', async (asked) => {
    expect(await send((await startTestSimulator()).zoom, 'POST /im/groups', asked)).toMatchObject({
      status: 400,
      body: { code: 300, message: 'Missing field: name' },
    });
  });

  test('takes a name of 128 characters, counted as people count', async () => {
    const { zoom } = await startTestSimulator({ groups: [] });
    expect((await send(zoom, 'POST /im/groups', { form: { name: '👋'.repeat(128) } })).status).toBe(201);
  });

  test.each([
    ['application/json', '{"name":', 400],
    ['application/json', '[]', 400],
    ['multipart/form-data; boundary=x', 'no form at all', 400],
    ['text/plain', 'name=A', 415],
    ['application/x-www-form-urlencoded', 'name=A', 415],
  ])('%s with the body %s is %d', async (type, body, status) => {
    const { zoom } = await startTestSimulator({ groups: [] });
    expect((await send(zoom, 'POST /im/groups', { raw: { type, body } })).status).toBe(status);
    expect(zoom.groups()).toEqual([]);
  });
});

describe('an IM group', () => {
  test('is listed with its type, all on one page', async () => {
    const { zoom } = await startTestSimulator();
    const { body } = await send(zoom, 'GET /im/groups');
    expect(body.total_records).toBe(DEFAULT_GROUPS.length);
    expect(body.groups).toEqual(DEFAULT_GROUPS);
    expect(Object.keys(body)).toEqual(['total_records', 'groups']);
  });

  test('can be read, updated and deleted', async () => {
    const { zoom } = await startTestSimulator({ groups: [{ id: '-a', name: 'A', search_by_domain: true }] });
    expect((await send(zoom, 'GET /im/groups/-a')).body).toMatchObject({ name: 'A', type: 'normal' });
    const changed = await send(zoom, 'PATCH /im/groups/-a', {
      form: { type: 'shared', search_by_domain: 'false' },
    });
    expect(changed).toMatchObject({ status: 204, text: '' });
    expect((await send(zoom, 'GET /im/groups/-a')).body).toMatchObject({
      type: 'shared',
      search_by_domain: false,
    });
    expect((await send(zoom, 'DELETE /im/groups/-a')).status).toBe(204);
    expect(zoom.groups()).toEqual([]);
  });

  test.each(['GET', 'PATCH', 'DELETE'])('that does not exist is 404 with code 4130 to %s', async (method) => {
    const { zoom } = await startTestSimulator();
    expect(await send(zoom, `${method} /im/groups/nobody`)).toMatchObject({
      status: 404,
      body: { code: 4130, message: 'Group does not exist:nobody.' },
    });
  });

  test('releases its name when it is renamed or deleted, and can’t take another’s', async () => {
    const { zoom } = await startTestSimulator({
      groups: [
        { id: 'a', name: 'A' },
        { id: 'b', name: 'B' },
      ],
    });
    const create = async (name: string) => (await send(zoom, 'POST /im/groups', { json: { name } })).status;
    const rename = async (name: string) =>
      (await send(zoom, 'PATCH /im/groups/a', { json: { name } })).status;
    expect(await rename('B')).toBe(409);
    expect(await rename('A')).toBe(204);
    expect(await rename('C')).toBe(204);
    expect(await create('A')).toBe(201);
    expect(await create('C')).toBe(409);
    await send(zoom, 'DELETE /im/groups/b');
    expect(await create('B')).toBe(201);
  });
});

describe('the simulator', () => {
  test('has groups like a real company’s, one of them with an id that begins with a dash', () => {
    expect(DEFAULT_GROUPS.length).toBeGreaterThanOrEqual(8);
    expect(new Set(DEFAULT_GROUPS.map(({ name }) => name)).size).toBe(DEFAULT_GROUPS.length);
    expect(DEFAULT_GROUPS.every(({ id }) => /^[\w-]{22}$/.test(id))).toBe(true);
    expect(DEFAULT_GROUPS.some(({ id }) => id.startsWith('-'))).toBe(true);
  });

  test('records every request: its time, target and status', async () => {
    const { zoom } = await startTestSimulator({ token: 'one' });
    const before = performance.now();
    await send(zoom, 'GET /im/groups');
    await send(zoom, 'POST /im/groups', { token: 'two' });
    const { host } = new URL(zoom.url);
    expect(zoom.requests()).toMatchObject([
      {
        method: 'GET',
        path: '/v2/im/groups',
        status: 200,
        label: 'medium',
        host,
        authorization: 'Bearer one',
      },
      { method: 'POST', path: '/v2/im/groups', status: 401, host, authorization: 'Bearer two' },
    ]);
    const [first, second] = zoom.requests().map(({ at }) => at);
    expect(first).toBeGreaterThanOrEqual(before);
    expect(second).toBeGreaterThanOrEqual(first ?? Number.NaN);
  });

  test('listens on loopback alone, on a free port', async () => {
    const [{ zoom: one }, { zoom: two }] = [await startTestSimulator(), await startTestSimulator()];
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(one.url).not.toBe(two.url);
    expect(one.token).not.toBe(two.token);
    await expect(startTestSimulator({ port: Number(new URL(one.url).port) })).rejects.toThrow(/EADDRINUSE/);
  });

  test('survives a client that disconnects in the middle of its body', async () => {
    const { zoom } = await startTestSimulator();
    const gone = new AbortController();
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(new TextEncoder().encode('{"na')),
      pull: () => gone.abort(),
    });
    const init = { method: 'POST', body, duplex: 'half', signal: gone.signal } as RequestInit;
    await expect(fetch(`${zoom.baseUrl}/im/groups`, init)).rejects.toThrow();
    expect((await send(zoom, 'GET /im/groups')).status).toBe(200);
  });
});
