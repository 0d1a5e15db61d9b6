/** What a client may rely on when the stand-in misbehaves on purpose: each fault does what its help says, and no more. */
import { afterEach, describe, expect, test } from 'vitest';
import { FAULT_KINDS, type Simulator } from '../../src/simulator/server.js';
import { ask, closeAll, type Said, standIn } from '../support/simulator.js';

afterEach(closeAll);

const create = (zoom: Simulator, name = 'A'): Promise<Said> =>
  ask(zoom, 'POST /im/groups', { form: { name } });

/** A stand-in with one group and nothing but this fault. */
const under = (...faults: string[]): Promise<Simulator> =>
  standIn({ faults, groups: [{ id: 'old', name: 'Old' }], limiter: 'none' });

const names = (zoom: Simulator): readonly string[] => zoom.created().map(({ name }) => name);

describe('a fault that says no', () => {
  type Refusal = readonly [kind: string, status: number, said: string | RegExp];
  const refusals: readonly Refusal[] = [
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
  test.each(refusals)('%s: HTTP %d, and nothing is made or changed', async (kind, status, said) => {
    const zoom = await under(`${kind}:1`);
    const answer = await create(zoom);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(typeof said === 'string' ? new RegExp(escaped(said)) : said);
    expect((await ask(zoom, 'PATCH /im/groups/old', { json: { type: 'shared' } })).status).toBe(status);
    expect((await ask(zoom, 'DELETE /im/groups/old')).status).toBe(status);
    expect(zoom.groups()).toMatchObject([{ id: 'old', type: 'normal' }]);
    const listing = await ask(zoom, 'GET /im/groups');
    expect(listing.status).toBe(kind === 'gone' ? 410 : 200);
  });

  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  test('503 asks for a second', async () => {
    expect((await create(await under('503:1'))).headers.get('retry-after')).toBe('1');
  });

  test('429 does not count as admitted', async () => {
    const zoom = await under('429:1');
    await create(zoom);
    expect(zoom.peakPerSecond('light')).toBe(0);
  });

  test('redirect points to another origin of its own', async () => {
    const zoom = await under('redirect');
    const to = new URL((await create(zoom)).headers.get('location') ?? '');
    expect(to.origin).toBe(zoom.url.replace('127.0.0.1', 'localhost'));
  });

  test('echo-secret says the token back', async () => {
    const zoom = await under('echo-secret');
    expect((await create(zoom)).body.message).toContain(zoom.token);
  });

  test('gone leaves contact groups as they are', async () => {
    const zoom = await under('gone');
    for (const route of ['GET /im/groups', 'GET /im/groups/old', 'POST /im/groups/old/members'])
      expect((await ask(zoom, route)).status).toBe(410);
    expect((await ask(zoom, 'POST /contacts/groups', { json: { group_name: 'B' } })).status).toBe(201);
    expect((await ask(zoom, 'GET /contacts/groups')).body.groups.length).toBe(2);
  });

  test('no-list names the read scope, and creates go on', async () => {
    const zoom = await under('no-list');
    expect(await ask(zoom, 'GET /im/groups')).toMatchObject({
      status: 400,
      body: { code: 4711, message: expect.stringContaining('imgroup:read:admin') },
    });
    expect((await ask(zoom, 'GET /contacts/groups')).body.message).toContain('contact_group:read:admin');
    expect((await create(zoom)).status).toBe(201);
  });

  test('token-expired kills the good tokens once, at the 50th request, and hides no other fault', async () => {
    const zoom = await under('token-expired', '403:1');
    for (let i = 1; i < 50; i += 1) expect((await ask(zoom, 'GET /im/groups')).status).toBe(200);
    for (let i = 0; i < 3; i += 1) {
      expect(await ask(zoom, 'GET /im/groups')).toMatchObject({
        status: 401,
        body: { code: 124, message: 'Access token is expired.' },
      });
    }
    const { accountId, clientId, clientSecret } = zoom.credentials;
    const answer = await fetch(zoom.tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'account_credentials', account_id: accountId }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect((await ask(zoom, 'GET /im/groups', { token })).status).toBe(200);
    expect((await ask(zoom, 'POST /im/groups', { token, form: { name: 'A' } })).status).toBe(403);
  });
});

describe('the daily limit as a fault', () => {
  test('daily holds from then on, with the headers of one', async () => {
    const zoom = await under('daily:1');
    const { status, headers, body } = await create(zoom);
    expect(status).toBe(429);
    expect(body.message).toMatch(/exceeded the daily rate limit of Light API requests/);
    expect(headers.get('x-ratelimit-type')).toBe('Daily-limit');
    expect(headers.get('retry-after')).toMatch(/^\d{4}-\d\d-\d\dT00:00:00Z$/);
    expect(headers.get('x-ratelimit-limit')).toBeNull();
    expect((await ask(zoom, 'GET /im/groups')).status).toBe(200);
  });

  test('daily-bare tells it by the words alone', async () => {
    const { status, headers, body } = await create(await under('daily-bare:1'));
    expect(status).toBe(429);
    expect(body.message).toContain('daily rate limit');
    expect(headers.get('retry-after')).toBeNull();
    expect(headers.get('x-ratelimit-type')).toBeNull();
  });

  test('begins somewhere, and does not end', async () => {
    const zoom = await under('daily:0.1');
    const statuses: number[] = [];
    for (let i = 0; i < 60; i += 1) statuses.push((await create(zoom, `G${i}`)).status);
    const begins = statuses.indexOf(429);
    expect(begins).toBeGreaterThan(0);
    expect(new Set(statuses.slice(begins))).toEqual(new Set([429]));
    expect(zoom.created().length).toBe(begins);
  });
});

describe('a lost answer', () => {
  test('reset-before: nothing was made', async () => {
    const zoom = await under('reset-before:1');
    await expect(create(zoom)).rejects.toThrow();
    expect(names(zoom)).toEqual([]);
    expect(zoom.requests()).toMatchObject([{ status: null }]);
  });

  test('reset-after: the group was made', async () => {
    const zoom = await under('reset-after:1');
    await expect(create(zoom)).rejects.toThrow();
    expect(names(zoom)).toEqual(['A']);
    expect(zoom.requests()).toMatchObject([{ status: null }]);
    await expect(ask(zoom, 'DELETE /im/groups/old')).rejects.toThrow();
    expect(zoom.groups().map(({ name }) => name)).toEqual(['A']);
  });

  test('hang: no answer comes, made or not, and the end does not wait for one', async () => {
    const zoom = await under('hang:1');
    const hanging = Array.from({ length: 20 }, (_, i) => create(zoom, `G${i}`));
    const ends = Promise.allSettled(hanging);
    const creates = () => zoom.requests().filter(({ method }) => method === 'POST');
    // Other requests are served although these hang.
    while (creates().length < 20) await ask(zoom, 'GET /im/groups');
    expect((await ask(zoom, 'GET /im/groups')).status).toBe(200);
    await zoom.close();
    expect(new Set((await ends).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(new Set(creates().map(({ status }) => status))).toEqual(new Set([null]));
    expect(zoom.created().length).toBeGreaterThan(0);
    expect(zoom.created().length).toBeLessThan(20);
  });

  test.each(['500', 'empty-500', '502'])('%s: made or not, by a coin', async (kind) => {
    const zoom = await under(`${kind}:1`);
    for (let i = 0; i < 40; i += 1) expect((await create(zoom, `G${i}`)).status).toBe(Number(kind.slice(-3)));
    expect(zoom.created().length).toBeGreaterThan(8);
    expect(zoom.created().length).toBeLessThan(32);
  });

  test('empty-500 has no body, 502 a page from the edge', async () => {
    expect((await create(await under('empty-500:1'))).text).toBe('');
    const { headers, text } = await create(await under('502:1'));
    expect(headers.get('content-type')).toContain('text/html');
    expect(text).toContain('<html>');
  });
});

describe('an answer that is not as it should be', () => {
  test('cut-off: the group was made, and the body of the 201 ends too early', async () => {
    const zoom = await under('cut-off:1');
    await expect(create(zoom)).rejects.toThrow();
    expect(names(zoom)).toEqual(['A']);
    expect(zoom.requests()).toMatchObject([{ status: 201 }]);
  });

  test('not-json: the group was made, and the body of the 201 can’t be read', async () => {
    const zoom = await under('not-json:1');
    expect(await create(zoom)).toMatchObject({ status: 201, body: undefined });
    expect(names(zoom)).toEqual(['A']);
  });

  test('no-id: the group was made, and the 201 does not say which', async () => {
    const zoom = await under('no-id:1');
    expect(await create(zoom)).toMatchObject({ status: 201, text: '{}' });
    expect(names(zoom)).toEqual(['A']);
  });

  test.each([
    'cut-off',
    'not-json',
    'no-id',
  ])('%s leaves refusals, changes and deletions alone', async (kind) => {
    const zoom = await under(`${kind}:1`);
    expect((await create(zoom, 'Old')).body.code).toBe(4132);
    expect((await ask(zoom, 'PATCH /im/groups/old', { json: { type: 'shared' } })).status).toBe(204);
    expect((await ask(zoom, 'DELETE /im/groups/old')).status).toBe(204);
  });

  test('broken-list: the listing is no whole JSON', async () => {
    const zoom = await under('broken-list');
    for (const route of ['GET /im/groups', 'GET /contacts/groups']) {
      const { status, text, body } = await ask(zoom, route);
      expect(status).toBe(200);
      expect(text).toMatch(/^\{/);
      expect(body).toBeUndefined();
    }
  });

  test('slow: it takes two seconds more', async () => {
    const zoom = await under('slow:1');
    const before = performance.now();
    expect((await create(zoom)).status).toBe(201);
    expect(performance.now() - before).toBeGreaterThan(1_990);
  });
});

describe('the dice', () => {
  async function night(seed: number, faults: readonly string[]): Promise<readonly (number | null)[]> {
    const zoom = await standIn({ seed, faults, limiter: 'none', groups: [] });
    for (let i = 0; i < 120; i += 1) await create(zoom, `G${i}`).catch(() => undefined);
    return zoom.requests().map(({ status }) => status);
  }

  test('fall the same way for the same seed and requests, and another way for another', async () => {
    const faults = ['503:0.2', 'reset-after:10%', '500:.1'];
    const [one, again, other] = [await night(7, faults), await night(7, faults), await night(8, faults)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(new Set(one)).toEqual(new Set([201, 503, 500, null]));
  });

  test('hit the share that was asked for, as a number or a percentage', async () => {
    for (const fault of ['503:0.3', '503:30%']) {
      const hit = (await night(1, [fault])).filter((status) => status === 503).length;
      expect(hit).toBeGreaterThan(24);
      expect(hit).toBeLessThan(48);
    }
    expect(await night(1, ['503:0'])).toEqual(Array(120).fill(201));
  });

  test('hit one in twenty of what passes, and all of what stands, where no share is given', () => {
    const shares = new Map(FAULT_KINDS.map(({ kind, share }) => [kind, share]));
    expect(shares.get('503')).toBe(0.05);
    expect(shares.get('reset-after')).toBe(0.05);
    expect(shares.get('gone')).toBe(1);
    expect(shares.get('paid')).toBe(1);
  });

  test('are not thrown for a kind that there is none of: the kinds are listed', async () => {
    const listed = FAULT_KINDS.map(({ kind }) => kind).join(', ');
    await expect(under('earthquake')).rejects.toThrow(`there is no fault "earthquake"; there are ${listed}`);
    await expect(under('constructor')).rejects.toThrow('there is no fault');
  });

  test.each(['', '2', '-1', 'x', '101%', '%', '0x1', '1:2'])('nor for a share of "%s"', async (share) => {
    await expect(under(`503:${share}`)).rejects.toThrow(
      `the share of a fault is 0 to 1 or a percentage, not "${share}"`,
    );
  });
});

test('an answer takes as long as it is told to, give or take', async () => {
  const zoom = await standIn({ latencyMs: 100 });
  const before = performance.now();
  await ask(zoom, 'GET /im/groups');
  expect(performance.now() - before).toBeGreaterThan(69);
});
