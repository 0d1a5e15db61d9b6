/** Contact groups over real sockets: their own words for the same settings, their pages. */
import { expect, test } from 'vitest';
import type { Directory } from '../../src/model/directory.js';
import type { GroupType } from '../../src/resources/groups/group.js';
import { contactsDirectory } from '../../src/zoom/contact-groups.js';
import { fixedToken } from '../../src/zoom/oauth.js';
import { answering, client, say } from '../support/scripted-server.js';

function directoryAt(url: URL): Directory {
  return contactsDirectory({
    http: client(),
    baseUrl: new URL('/v2', url),
    token: fixedToken('t0ken'),
    now: Date.now,
  });
}

test.each<[GroupType, number]>([
  ['shared', 1],
  ['normal', 2],
  ['restricted', 3],
])('a %s group has privacy %i, when it is made, changed and read', async (type, privacy) => {
  const { url, asked } = await answering(({ method }, response) => {
    if (method === 'PATCH') return say(response, 204);
    const group = { group_id: 'g1', group_name: 'a', total_members: 3, group_privacy: privacy };
    return method === 'POST'
      ? say(response, 201, group)
      : say(response, 200, { groups: [{ ...group, description: 'd' }] });
  });
  const directory = directoryAt(url);
  const created = await directory.create({ name: 'a', type, description: 'd', searchByAccount: true });
  expect(created).toMatchObject({ kind: 'done', groupId: 'g1' });
  expect(await directory.update('g1', { type })).toMatchObject({ kind: 'done' });
  expect((await directory.list().next()).value).toEqual([
    { id: 'g1', name: 'a', members: 3, type, description: 'd' },
  ]);
  expect(asked.map(({ path }) => path)).toEqual([
    '/v2/contacts/groups',
    '/v2/contacts/groups/g1',
    '/v2/contacts/groups?page_size=50',
  ]);
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
    group_name: 'a',
    group_privacy: privacy,
    description: 'd',
  });
  expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ privacy });
});

test('a setting that a row leaves empty is not sent', async () => {
  const { url, asked } = await answering((_, response) => say(response, 201, { group_id: 'g1' }));
  await directoryAt(url).create({ name: 'a' });
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ group_name: 'a' });
});

test('the columns that have no counterpart are known by name', async () => {
  const { url } = await answering(() => {});
  expect(directoryAt(url).unsupported).toEqual(['searchByDomain', 'searchByAccount', 'searchByMaAccount']);
});

test('every page of the listing is read, and their groups are counted together', async () => {
  const { url, asked } = await answering((_, response, nth) =>
    say(response, 200, {
      total_records: 3,
      groups: [{ group_id: `g${nth}`, group_name: `a${nth}` }],
      next_page_token: nth < 3 ? `page${nth}` : '',
    }),
  );
  const batches = directoryAt(url).list();
  const ids: string[] = [];
  let next = await batches.next();
  for (; !next.done; next = await batches.next()) ids.push(...next.value.map(({ id }) => id));
  expect(ids).toEqual(['g1', 'g2', 'g3']);
  expect(next.value).toEqual({ ok: true, requests: 3 });
  expect(asked.map(({ path }) => new URL(path, url).searchParams.get('next_page_token'))).toEqual([
    null,
    'page1',
    'page2',
  ]);
});
