/** What a client may rely on when the simulator fails on purpose: each fault does what its description says, and no more. */
import { describe, expect, test } from 'vitest';
import { FAULT_KINDS, type Simulator } from '../../src/simulator/server.js';
import { send, startTestSimulator, type TestResponse } from '../support/simulator.js';

const create = (zoom: Simulator, name = 'A'): Promise<TestResponse> =>
  send(zoom, 'POST /im/groups', { form: { name } });

/** A simulator with one group and these faults. */
async function startWith(...faults: string[]): Promise<Simulator> {
  const groups = [{ id: 'old', name: 'Old' }];
  return (await startTestSimulator({ faults, groups, limiter: 'none' })).zoom;
}

const names = (zoom: Simulator): readonly string[] => zoom.created().map(({ name }) => name);

describe('a fault with an error response', () => {
  type ErrorCase = readonly [kind: string, status: number, expected: string | RegExp];
  const errors: readonly ErrorCase[] = [
    ['503', 503, 'Service Unavailable'],
    ['429', 429, 'maximum per-second rate limit'],
    ['401', 401, '"code":124'],
    ['400', 400, '"code":300'],
    ['403', 403, 'Forbidden'],
    ['paid', 200, '"code":200,"message":"Only available for paid account:'],
    [
      'scope',
      400,
      '"code":4711,"message":"Invalid access token, does not contain scopes:[imgroup:write:admin',
    ],
    ['gone', 410, '"code":4137,"message":"The IM Group APIs are no longer available."'],
    ['redirect', 302, /^$/],
    ['echo-secret', 400, 'Bearer '],
  ];
  test.each(errors)('%s: HTTP %d, and nothing is created or changed', async (kind, status, expected) => {
    const zoom = await startWith(`${kind}:1`);
    const response = await create(zoom);
    expect(response.status).toBe(status);
    expect(response.text).toMatch(
      typeof expected === 'string' ? new RegExp(escapeRegExp(expected)) : expected,
    );
    expect((await send(zoom, 'PATCH /im/groups/old', { json: { type: 'shared' } })).status).toBe(status);
    expect((await send(zoom, 'DELETE /im/groups/old')).status).toBe(status);
    expect(zoom.groups()).toMatchObject([{ id: 'old', type: 'normal' }]);
    const listing = await send(zoom, 'GET /im/groups');
    expect(listing.status).toBe(kind === 'gone' ? 410 : 200);
  });

  const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  test('503 asks to wait a second', async () => {
    expect((await create(await startWith('503:1'))).headers.get('retry-after')).toBe('1');
  });

  test('429 does not count as admitted', async () => {
    const zoom = await startWith('429:1');
    await create(zoom);
    expect(zoom.peakPerSecond('light')).toBe(0);
  });

  test('redirect points to another origin of its own', async () => {
    const zoom = await startWith('redirect');
    const to = new URL((await create(zoom)).headers.get('location') ?? '');
    expect(to.origin).toBe(zoom.url.replace('127.0.0.1', 'localhost'));
  });

  test('echo-secret repeats the token', async () => {
    const zoom = await startWith('echo-secret');
    expect((await create(zoom)).body.message).toContain(zoom.token);
  });

  test('gone leaves contact groups as they are', async () => {
    const zoom = await startWith('gone');
    for (const route of ['GET /im/groups', 'GET /im/groups/old', 'POST /im/groups/old/members'])
      expect((await send(zoom, route)).status).toBe(410);
    expect((await send(zoom, 'POST /contacts/groups', { json: { group_name: 'B' } })).status).toBe(201);
    expect((await send(zoom, 'GET /contacts/groups')).body.groups.length).toBe(2);
  });

  test('no-list names the read scope, and creates succeed', async () => {
    const zoom = await startWith('no-list');
    expect(await send(zoom, 'GET /im/groups')).toMatchObject({
      status: 400,
      body: { code: 4711, message: expect.stringContaining('imgroup:read:admin') },
    });
    expect((await send(zoom, 'GET /contacts/groups')).body.message).toContain('contact_group:read:admin');
    expect((await create(zoom)).status).toBe(201);
  });

  test('token-expired ends the valid tokens once, at the 50th request, and hides no other fault', async () => {
    const zoom = await startWith('token-expired', '403:1');
    for (let i = 1; i < 50; i += 1) expect((await send(zoom, 'GET /im/groups')).status).toBe(200);
    for (let i = 0; i < 3; i += 1) {
      expect(await send(zoom, 'GET /im/groups')).toMatchObject({
        status: 401,
        body: { code: 124, message: 'Access token is expired.' },
      });
    }
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const response = await fetch(zoom.tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'account_credentials', account_id: accountId }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    expect((await send(zoom, 'GET /im/groups', { token })).status).toBe(200);
    expect((await send(zoom, 'POST /im/groups', { token, form: { name: 'A' } })).status).toBe(403);
  });
});

describe('the daily limit as a fault', () => {
  test('daily lasts, with the headers of a daily limit', async () => {
    const zoom = await startWith('daily:1');
    const { status, headers, body } = await create(zoom);
    expect(status).toBe(429);
    expect(body.message).toMatch(/exceeded the daily rate limit of Light API requests/);
    expect(headers.get('x-ratelimit-type')).toBe('Daily-limit');
    expect(headers.get('retry-after')).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
    expect(headers.get('x-ratelimit-limit')).toBeNull();
    expect((await send(zoom, 'GET /im/groups')).status).toBe(200);
  });

  test('daily-bare is recognizable by its message alone', async () => {
    const { status, headers, body } = await create(await startWith('daily-bare:1'));
    expect(status).toBe(429);
    expect(body.message).toContain('daily rate limit');
    expect(headers.get('retry-after')).toBeNull();
    expect(headers.get('x-ratelimit-type')).toBeNull();
  });

  test('begins at some request, and does not end', async () => {
    const zoom = await startWith('daily:0.1');
    const statuses: number[] = [];
    for (let i = 0; i < 60; i += 1) statuses.push((await create(zoom, `G${i}`)).status);
    const begins = statuses.indexOf(429);
    expect(begins).toBeGreaterThan(0);
    expect(new Set(statuses.slice(begins))).toEqual(new Set([429]));
    expect(zoom.created().length).toBe(begins);
  });
});

describe('a lost response', () => {
  test('reset-before: nothing was created', async () => {
    const zoom = await startWith('reset-before:1');
    await expect(create(zoom)).rejects.toThrow();
    expect(names(zoom)).toEqual([]);
    expect(zoom.requests()).toMatchObject([{ status: null }]);
  });

  test('reset-after: the group was created', async () => {
    const zoom = await startWith('reset-after:1');
    await expect(create(zoom)).rejects.toThrow();
    expect(names(zoom)).toEqual(['A']);
    expect(zoom.requests()).toMatchObject([{ status: null }]);
    await expect(send(zoom, 'DELETE /im/groups/old')).rejects.toThrow();
    expect(zoom.groups().map(({ name }) => name)).toEqual(['A']);
  });

  test('hang: no response comes, the group is created or not, and close does not wait', async () => {
    const zoom = await startWith('hang:1');
    const hanging = Array.from({ length: 20 }, (_, i) => create(zoom, `G${i}`));
    const ends = Promise.allSettled(hanging);
    const creates = () => zoom.requests().filter(({ method }) => method === 'POST');
    // Other requests are served although these hang.
    while (creates().length < 20) await send(zoom, 'GET /im/groups');
    expect((await send(zoom, 'GET /im/groups')).status).toBe(200);
    await zoom.close();
    expect(new Set((await ends).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(new Set(creates().map(({ status }) => status))).toEqual(new Set([null]));
    expect(zoom.created().length).toBeGreaterThan(0);
    expect(zoom.created().length).toBeLessThan(20);
  });

  test.each(['500', 'empty-500', '502'])('%s: created or not, half of the time each', async (kind) => {
    const zoom = await startWith(`${kind}:1`);
    for (let i = 0; i < 40; i += 1) expect((await create(zoom, `G${i}`)).status).toBe(Number(kind.slice(-3)));
    expect(zoom.created().length).toBeGreaterThan(8);
    expect(zoom.created().length).toBeLessThan(32);
  });

  test('empty-500 has no body, 502 a page from the edge', async () => {
    expect((await create(await startWith('empty-500:1'))).text).toBe('');
    const { headers, text } = await create(await startWith('502:1'));
    expect(headers.get('content-type')).toContain('text/html');
    expect(text).toContain('<html>');
  });
});

describe('a malformed response', () => {
  test('cut-off: the group was created, and the body of the 201 is cut off', async () => {
    const zoom = await startWith('cut-off:1');
    await expect(create(zoom)).rejects.toThrow();
    expect(names(zoom)).toEqual(['A']);
    expect(zoom.requests()).toMatchObject([{ status: 201 }]);
  });

  test('not-json: the group was created, and the body of the 201 is not JSON', async () => {
    const zoom = await startWith('not-json:1');
    expect(await create(zoom)).toMatchObject({ status: 201, body: undefined });
    expect(names(zoom)).toEqual(['A']);
  });

  test('no-id: the group was created, and the 201 has no id', async () => {
    const zoom = await startWith('no-id:1');
    expect(await create(zoom)).toMatchObject({ status: 201, text: '{}' });
    expect(names(zoom)).toEqual(['A']);
  });

  test.each([
    'cut-off',
    'not-json',
    'no-id',
  ])('%s leaves errors, updates and deletions alone', async (kind) => {
    const zoom = await startWith(`${kind}:1`);
    expect((await create(zoom, 'Old')).body.code).toBe(4132);
    expect((await send(zoom, 'PATCH /im/groups/old', { json: { type: 'shared' } })).status).toBe(204);
    expect((await send(zoom, 'DELETE /im/groups/old')).status).toBe(204);
  });

  test('broken-list: the listing is incomplete JSON', async () => {
    const zoom = await startWith('broken-list');
    for (const route of ['GET /im/groups', 'GET /contacts/groups']) {
      const { status, text, body } = await send(zoom, route);
      expect(status).toBe(200);
      expect(text).toMatch(/^\{/);
      expect(body).toBeUndefined();
    }
  });

  test('slow: it takes two seconds more', async () => {
    const zoom = await startWith('slow:1');
    const before = performance.now();
    expect((await create(zoom)).status).toBe(201);
    expect(performance.now() - before).toBeGreaterThan(1_990);
  });
});

describe('a misleading response', () => {
  test('other-409: a conflict that does not say that the name is in use, and nothing is created', async () => {
    const zoom = await startWith('other-409:1');
    const bodies: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      const response = await create(zoom, `G${i}`);
      expect(response.status).toBe(409);
      expect(response.text).not.toContain('4132');
      bodies.push(response.headers.get('content-type') ?? '');
    }
    expect(new Set(bodies)).toEqual(new Set(['text/html', 'application/json;charset=UTF-8']));
    expect(zoom.created()).toEqual([]);
  });

  test('201-error: a 201 with an error code, and nothing is created', async () => {
    const zoom = await startWith('201-error:1');
    expect(await create(zoom)).toMatchObject({ status: 201, body: { code: 1010 } });
    expect(zoom.created()).toEqual([]);
  });

  test('415: a form is refused, JSON is accepted', async () => {
    const zoom = await startWith('415');
    expect((await create(zoom)).status).toBe(415);
    expect((await send(zoom, 'POST /im/groups', { json: { name: 'A' } })).status).toBe(201);
    expect(names(zoom)).toEqual(['A']);
  });

  test('folds-names: names are stored with single blanks, and compared so', async () => {
    const zoom = await startWith('folds-names');
    expect((await create(zoom, ' A   B ')).body.name).toBe('A B');
    expect((await create(zoom, 'A  B')).body.code).toBe(4132);
    const json = { group_name: 'C  D' };
    expect((await send(zoom, 'POST /contacts/groups', { json })).body.group_name).toBe('C D');
  });

  test('no-member-count: no response tells how many members a group has', async () => {
    const zoom = await startWith('no-member-count');
    for (const request of ['GET /im/groups', 'GET /im/groups/old', 'GET /contacts/groups/old']) {
      const { status, text } = await send(zoom, request);
      expect(status).toBe(200);
      expect(text).not.toContain('total_members');
    }
  });

  test('list-cut: the connection is reset in the middle of a listing', async () => {
    const zoom = await startWith('list-cut:1');
    for (const request of ['GET /im/groups', 'GET /contacts/groups', 'GET /users']) {
      await expect(send(zoom, request)).rejects.toThrow();
    }
    expect((await create(zoom)).status).toBe(201);
  });

  test('gzip: responses come gzip- or br-coded, and another fault still occurs', async () => {
    const zoom = await startWith('gzip', 'no-id:1');
    const codings = new Set<string | null>();
    for (let i = 0; i < 4; i += 1) {
      const { headers, body } = await send(zoom, 'GET /im/groups');
      codings.add(headers.get('content-encoding'));
      expect(body.total_records).toBe(1);
    }
    expect(codings).toEqual(new Set(['gzip', 'br']));
    expect((await create(zoom)).text).toBe('{}');
  });

  test('drip: the body never ends, and close does not wait for it', async () => {
    const zoom = await startWith('drip:1');
    const response = await fetch(`${zoom.baseUrl}/im/groups`, {
      headers: { authorization: `Bearer ${zoom.token}` },
    });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    for (let i = 0; i < 3; i += 1) expect((await reader?.read())?.done).toBe(false);
    await zoom.close();
    await expect((async () => void (await reader?.read()))()).rejects.toThrow();
  });
});

describe('a late listing', () => {
  test('list-lag: new groups are listed after the lag; each by its id at once', async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const { zoom } = await startTestSimulator({ faults: ['list-lag'], groups: [], now: () => now });
    const { id } = (await create(zoom)).body;
    const count = async () => (await send(zoom, 'GET /im/groups')).body.groups.length;
    expect(await count()).toBe(0);
    expect((await send(zoom, `GET /im/groups/${id}`)).status).toBe(200);
    expect((await create(zoom)).status).toBe(409);
    now += 4_499;
    expect(await count()).toBe(0);
    now += 1;
    expect(await count()).toBe(1);
    expect((await send(zoom, 'GET /contacts/groups')).body.groups.length).toBe(1);
  });

  test('member-lag: new members are listed after the lag that is set', async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const { zoom } = await startTestSimulator({
      faults: ['member-lag'],
      lagMs: 1_000,
      groups: [{ id: 'a', name: 'A', total_members: 2 }],
      now: () => now,
    });
    const json = { members: [{ email: zoom.users[5]?.email }] };
    expect((await send(zoom, 'POST /im/groups/a/members', { json })).body.ids).toBe(zoom.users[5]?.id);
    const count = async () => (await send(zoom, 'GET /im/groups/a/members')).body.members.length;
    expect(await count()).toBe(2);
    now += 1_000;
    expect(await count()).toBe(3);
  });
});

test('no-users: the scope to list users is missing, and other calls succeed', async () => {
  const zoom = await startWith('no-users');
  expect((await send(zoom, 'GET /users')).body).toMatchObject({
    code: 4711,
    message: expect.stringContaining('user:read:admin'),
  });
  expect((await send(zoom, 'GET /im/groups')).status).toBe(200);
});

test('adds-nobody: the 201 has no ids, and nobody is added', async () => {
  const zoom = await startWith('adds-nobody:1');
  const id = zoom.users[0]?.id;
  const im = await send(zoom, 'POST /im/groups/old/members', { json: { members: [{ id }] } });
  expect(im).toMatchObject({ status: 201, body: { ids: '' } });
  const json = { group_members: [{ type: 1, id }] };
  const contact = await send(zoom, 'POST /contacts/groups/old/members', { json });
  expect(contact).toMatchObject({ status: 201, body: { member_ids: [] } });
  expect(zoom.memberChanges()).toEqual([]);
});

describe('the draw of faults', () => {
  async function statusesWith(seed: number, faults: readonly string[]): Promise<readonly (number | null)[]> {
    const { zoom } = await startTestSimulator({ seed, faults, limiter: 'none', groups: [] });
    for (let i = 0; i < 120; i += 1) await create(zoom, `G${i}`).catch(() => undefined);
    return zoom.requests().map(({ status }) => status);
  }

  test('is the same for the same seed and requests, and differs for another seed', async () => {
    const faults = ['503:0.2', 'reset-after:10%', '500:.1'];
    const [one, again, other] = [
      await statusesWith(7, faults),
      await statusesWith(7, faults),
      await statusesWith(8, faults),
    ];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(new Set(one)).toEqual(new Set([201, 503, 500, null]));
  });

  test('keeps the requested probability, a number or a percentage', async () => {
    for (const fault of ['503:0.3', '503:30%']) {
      const hit = (await statusesWith(1, [fault])).filter((status) => status === 503).length;
      expect(hit).toBeGreaterThan(24);
      expect(hit).toBeLessThan(48);
    }
    expect(await statusesWith(1, ['503:0'])).toEqual(Array(120).fill(201));
  });

  test('has one in twenty for intermittent faults and all for permanent ones by default', () => {
    const probabilities = new Map(FAULT_KINDS.map(({ kind, probability }) => [kind, probability]));
    expect(probabilities.get('503')).toBe(0.05);
    expect(probabilities.get('reset-after')).toBe(0.05);
    expect(probabilities.get('gone')).toBe(1);
    expect(probabilities.get('paid')).toBe(1);
  });

  test('refuses an unknown kind and lists the known ones', async () => {
    const listed = FAULT_KINDS.map(({ kind }) => kind).join(', ');
    await expect(startWith('earthquake')).rejects.toThrow(
      `unknown fault "earthquake"; the kinds are ${listed}`,
    );
    await expect(startWith('constructor')).rejects.toThrow('unknown fault');
  });

  test.each([
    '',
    '2',
    '-1',
    'x',
    '101%',
    '%',
    '0x1',
    '1:2',
  ])('refuses a probability of "%s"', async (given) => {
    await expect(startWith(`503:${given}`)).rejects.toThrow(
      `the probability of a fault is a number from 0 to 1 or a percentage, not "${given}"`,
    );
  });
});

test('a response takes as long as the latency, within 30%', async () => {
  const { zoom } = await startTestSimulator({ latencyMs: 100 });
  const before = performance.now();
  await send(zoom, 'GET /im/groups');
  expect(performance.now() - before).toBeGreaterThan(69);
});
