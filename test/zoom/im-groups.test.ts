/** IM groups over real sockets: what is sent to Zoom, to the letter, and what becomes of its answers. */
import { describe, expect, test } from 'vitest';
import type { Directory, ListingEnd } from '../../src/model/directory.js';
import type { Group } from '../../src/resources/groups/group.js';
import { type Body, imDirectory } from '../../src/zoom/im-groups.js';
import { fixedToken } from '../../src/zoom/oauth.js';
import { answering, client, say } from '../support/scripted-server.js';

function directoryAt(url: URL, body: Body = 'multipart'): Directory {
  const baseUrl = new URL('/v2', url);
  return imDirectory({ http: client(), baseUrl, token: fixedToken('t0ken'), now: Date.now }, body);
}

async function listed(directory: Directory): Promise<{ groups: readonly Group[]; end: ListingEnd }> {
  const groups: Group[] = [];
  const batches = directory.list();
  for (;;) {
    const next = await batches.next();
    if (next.done) return { groups, end: next.value };
    groups.push(...next.value);
  }
}

const FULL = {
  name: 'Vertrieb "Süd", 東京',
  type: 'shared',
  searchByDomain: true,
  searchByAccount: false,
  searchByMaAccount: false,
} as const;

describe('a create', () => {
  test('is a form with the fields in the order of Zoom’s Postman item, booleans as words', async () => {
    const { url, asked } = await answering((_, response) => say(response, 201, { id: 'g1' }));
    expect(await directoryAt(url).create(FULL)).toMatchObject({ kind: 'done', groupId: 'g1', http: 201 });
    const [one] = asked;
    if (!one) throw new Error('nothing was asked');
    expect([one.method, one.path, one.headers.authorization, one.headers.accept]).toEqual([
      'POST',
      '/v2/im/groups',
      'Bearer t0ken',
      'application/json',
    ]);
    const type = one.headers['content-type'] ?? '';
    expect(type).toMatch(/^multipart\/form-data; boundary=/);
    const form = await new Response(one.body, { headers: { 'content-type': type } }).formData();
    expect([...form]).toEqual([
      ['name', FULL.name],
      ['type', 'shared'],
      ['search_by_domain', 'true'],
      ['search_by_account', 'false'],
      ['search_by_ma_account', 'false'],
    ]);
  });

  test('sends no field that its row leaves empty, in either body', async () => {
    const { url, asked } = await answering((_, response) => say(response, 201, { id: 'g1' }));
    await directoryAt(url).create({ name: 'a' });
    await directoryAt(url, 'json').create({ name: 'a' });
    expect(asked[0]?.body.match(/name="\w+"/g)).toEqual(['name="name"']);
    expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ name: 'a' });
  });

  test('is JSON with true booleans where that is asked for', async () => {
    const { url, asked } = await answering((_, response) => say(response, 201, { id: 'g1' }));
    await directoryAt(url, 'json').create(FULL);
    expect(asked[0]?.headers['content-type']).toBe('application/json');
    expect(asked[0]?.body).toBe(
      JSON.stringify({
        name: FULL.name,
        type: 'shared',
        search_by_domain: true,
        search_by_account: false,
        search_by_ma_account: false,
      }),
    );
  });

  test('names the other body where Zoom takes this one not', async () => {
    const { url } = await answering((_, response) => say(response, 415));
    expect(await directoryAt(url).create({ name: 'a' })).toMatchObject({
      stop: { exit: 3, hint: expect.stringContaining('--body json') },
    });
    expect(await directoryAt(url, 'json').create({ name: 'a' })).toMatchObject({
      stop: { exit: 3, hint: expect.stringContaining('--body multipart') },
    });
  });

  test('whose answer is cut short is done all the same; one without an answer may be', async () => {
    const { url } = await answering((asked, response) => {
      if (asked.body.includes('lost')) return response.destroy();
      response.writeHead(201, { 'content-length': '100' });
      return response.write('{"id":', () => response.destroy());
    });
    const directory = directoryAt(url);
    expect(await directory.create({ name: 'cut' })).toMatchObject({ kind: 'done', http: 201 });
    expect(await directory.create({ name: 'lost' })).toMatchObject({ kind: 'trouble', ambiguous: true });
  });

  test('that meets a redirect stops, tells the host, and shows it no token', async () => {
    const elsewhere = await answering((_, response) => say(response, 201, {}));
    const { url } = await answering((_, response) => {
      response.writeHead(308, { location: elsewhere.url.href }).end();
    });
    expect(await directoryAt(url).create({ name: 'a' })).toMatchObject({
      kind: 'blocked',
      stop: { exit: 3, reason: 'redirect', message: expect.stringContaining(elsewhere.url.host) },
    });
    expect(elsewhere.asked).toEqual([]);
  });
});

test.each([301, 302, 303, 307, 308])('no call follows a redirect with HTTP %d', async (status) => {
  const elsewhere = await answering((_, response) => say(response, 200, { groups: [] }));
  const { url, asked } = await answering((_, response) => {
    response.writeHead(status, { location: new URL('/v2/im/groups', elsewhere.url).href }).end();
  });
  const directory = directoryAt(url);
  const replies = [
    await directory.create({ name: 'a' }),
    await directory.update('g1', { type: 'shared' }),
    await directory.remove('g1'),
  ];
  const { end } = await listed(directory);
  expect(end).toMatchObject({ ok: false, reply: { stop: { reason: 'redirect' } } });
  for (const reply of replies) expect(reply).toMatchObject({ stop: { reason: 'redirect' } });
  expect([asked.length, elsewhere.asked]).toEqual([4, []]);
});

test('a change and a removal name the group by its id, with nothing in it that could change the path', async () => {
  const { url, asked } = await answering((_, response) => say(response, 204));
  const directory = directoryAt(url);
  expect(await directory.update('-a/b?', { searchByAccount: true })).toMatchObject({ kind: 'done' });
  expect(await directory.remove('-a/b?')).toMatchObject({ kind: 'done' });
  expect(asked.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['PATCH', '/v2/im/groups/-a%2Fb%3F', '{"search_by_account":true}'],
    ['DELETE', '/v2/im/groups/-a%2Fb%3F', ''],
  ]);
});

describe('a listing', () => {
  const group = (id: string, more: object = {}) => ({ id, name: `Group ${id}`, total_members: 0, ...more });

  test('reads every field, and leaves out a type that is not known', async () => {
    const { url, asked } = await answering((_, response) =>
      say(response, 200, {
        total_records: 2,
        groups: [group('1', { type: 'restricted', search_by_domain: false }), group('2', { type: 'new' })],
      }),
    );
    expect(await listed(directoryAt(url))).toEqual({
      groups: [
        { id: '1', name: 'Group 1', members: 0, type: 'restricted', searchByDomain: false },
        { id: '2', name: 'Group 2', members: 0 },
      ],
      end: { ok: true, requests: 1 },
    });
    expect(asked[0]?.path).toBe('/v2/im/groups');
  });

  test('follows a next page, should one come', async () => {
    const { url } = await answering(({ path }, response) =>
      path.includes('next_page_token=p%2F2')
        ? say(response, 200, { groups: [group('2')] })
        : say(response, 200, { groups: [group('1')], next_page_token: 'p/2' }),
    );
    const { groups, end } = await listed(directoryAt(url));
    expect(groups.map(({ id }) => id)).toEqual(['1', '2']);
    expect(end).toEqual({ ok: true, requests: 2 });
  });

  test.each<[string, string]>([
    ['whose pages go round in a circle', '{"groups":[],"next_page_token":"x"}'],
    ['with fewer groups than it says', '{"total_records":2,"groups":[]}'],
    ['with a group without an id', '{"groups":[{"name":"a"}]}'],
    ['with a group without a name', '{"groups":[{"id":"a"}]}'],
    ['that ends too early', '{"groups":[{"id":"a","name":"a"}'],
    ['that is a page of HTML', '<html></html>'],
    ['without groups', '{}'],
    ['with a null among them', '{"groups":[null]}'],
  ])('%s is not trusted', async (_, body) => {
    const { url } = await answering((_asked, response) => response.end(body));
    expect((await listed(directoryAt(url))).end).toMatchObject({ ok: false, reply: { kind: 'trouble' } });
  });

  test('whose connection breaks in the middle is not trusted', async () => {
    const { url } = await answering((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"groups":[{"id":"a","name":"a"},', () => response.destroy());
    });
    expect((await listed(directoryAt(url))).end).toMatchObject({ ok: false, reply: { kind: 'trouble' } });
  });

  test('under 200 with Zoom’s code 200 is the documented refusal, no empty account', async () => {
    const { url } = await answering((_, response) =>
      say(response, 200, { code: 200, message: 'Only available for paid account:x.' }),
    );
    expect((await listed(directoryAt(url))).end).toMatchObject({ ok: false });
  });

  test('that was withdrawn names the way over to contact groups', async () => {
    const { url } = await answering((_, response) =>
      say(response, 410, { code: 4137, message: 'The IM Group APIs are no longer available.' }),
    );
    expect((await listed(directoryAt(url))).end).toMatchObject({
      ok: false,
      reply: { kind: 'blocked', stop: { exit: 3, hint: expect.stringContaining('--api contacts') } },
    });
  });
});
