/** What a client may rely on when it meets the stand-in instead of Zoom: contact groups. */
import { afterEach, describe, expect, test } from 'vitest';
import { ask, closeAll, standIn } from '../support/simulator.js';

afterEach(closeAll);

describe('contact groups', () => {
  test('are the same directory in other words', async () => {
    const zoom = await standIn({ groups: [{ id: 'a', name: 'A', type: 'shared' }] });
    const json = { group_name: 'B', group_privacy: 3, description: 'what for', group_members: [{ id: 'u' }] };
    const made = await ask(zoom, 'POST /contacts/groups', { json });
    expect(made.status).toBe(201);
    const { group_id: id } = made.body;
    const { group_members: _, ...kept } = json;
    expect(made.body).toEqual({ group_id: id, total_members: 1, ...kept });
    expect((await ask(zoom, `GET /im/groups/${id}`)).body).toMatchObject({ name: 'B', type: 'restricted' });
    expect((await ask(zoom, 'GET /contacts/groups/a')).body).toMatchObject({ group_privacy: 1 });
  });

  test('are changed by other names than they are made with', async () => {
    const zoom = await standIn({ groups: [{ id: 'a', name: 'A' }] });
    const change = async (json: object) => (await ask(zoom, 'PATCH /contacts/groups/a', { json })).status;
    expect(await change({ name: 'B', privacy: 1, description: 'd' })).toBe(204);
    expect(zoom.groups()).toMatchObject([{ name: 'B', type: 'shared', description: 'd' }]);
    expect(await change({ group_name: 'C' })).toBe(400);
    expect(await change({ group_privacy: 1 })).toBe(400);
    expect((await ask(zoom, 'DELETE /contacts/groups/a')).status).toBe(204);
    expect((await ask(zoom, 'DELETE /contacts/groups/a')).status).toBe(404);
  });

  test('may share a name, which stays taken for IM groups until the last has gone', async () => {
    const zoom = await standIn({ groups: [] });
    const json = { group_name: 'Twin' };
    const ids: string[] = [];
    for (const _ of [1, 2]) ids.push((await ask(zoom, 'POST /contacts/groups', { json })).body.group_id);
    expect(new Set(ids).size).toBe(2);
    const create = async () => (await ask(zoom, 'POST /im/groups', { form: { name: 'Twin' } })).status;
    await ask(zoom, `DELETE /contacts/groups/${ids[0]}`);
    expect(await create()).toBe(409);
    await ask(zoom, `DELETE /contacts/groups/${ids[1]}`);
    expect(await create()).toBe(201);
  });

  test('are listed in pages of 50 at most, each group once', async () => {
    const groups = Array.from({ length: 120 }, (_, i) => ({ id: `g${i}`, name: `Group ${i}` }));
    const zoom = await standIn({ groups });
    const sizes: number[] = [];
    const names: string[] = [];
    let token = '';
    do {
      const { body } = await ask(zoom, `GET /contacts/groups?page_size=50&next_page_token=${token}`);
      sizes.push(body.groups.length);
      names.push(...body.groups.map((one: { group_name: string }) => one.group_name));
      token = body.next_page_token;
    } while (token !== '');
    expect(sizes).toEqual([50, 50, 20]);
    expect(names).toEqual(groups.map(({ name }) => name));
  });

  test.each([
    'page_size=51',
    'page_size=0',
    'page_size=x',
    'page_size=1.5',
    'next_page_token=made-up',
  ])('are not listed with %s', async (query) => {
    const zoom = await standIn();
    expect(await ask(zoom, `GET /contacts/groups?${query}`)).toMatchObject({
      status: 400,
      body: { code: 300 },
    });
  });

  test.each([
    ['without a name', { group_privacy: 1 }],
    ['with a name too long', { group_name: 'x'.repeat(129) }],
    ['with a privacy of 4', { group_name: 'A', group_privacy: 4 }],
    ['with a privacy of "1"', { group_name: 'A', group_privacy: '1' }],
    ['with a description that is no text', { group_name: 'A', description: 1 }],
    ['with members that are no list', { group_name: 'A', group_members: {} }],
    ['with a field of IM groups', { group_name: 'A', search_by_domain: true }],
    ['with the name of an inherited field', { group_name: 'A', constructor: 'x' }],
  ])('are not made %s', async (_, json) => {
    const zoom = await standIn({ groups: [] });
    expect(await ask(zoom, 'POST /contacts/groups', { json })).toMatchObject({
      status: 400,
      body: { code: 300 },
    });
    expect(zoom.groups()).toEqual([]);
  });

  test('are made by JSON only', async () => {
    const zoom = await standIn();
    expect((await ask(zoom, 'POST /contacts/groups', { form: { group_name: 'A' } })).status).toBe(415);
  });
});
