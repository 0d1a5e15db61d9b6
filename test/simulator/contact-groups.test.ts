/** What a client may rely on when it meets the simulator: contact groups. */
import { describe, expect, test } from 'vitest';
import { send, startTestSimulator } from '../support/simulator.js';

describe('contact groups', () => {
  test('are the account’s groups under other field names', async () => {
    const { zoom } = await startTestSimulator({ groups: [{ id: 'a', name: 'A', type: 'shared' }] });
    const json = {
      group_name: 'B',
      group_privacy: 3,
      description: 'what for',
      group_members: [{ type: 1, id: zoom.users[0]?.id }],
    };
    const made = await send(zoom, 'POST /contacts/groups', { json });
    expect(made.status).toBe(201);
    const { group_id: id } = made.body;
    const { group_members: _, ...kept } = json;
    expect(made.body).toEqual({ group_id: id, total_members: 1, ...kept });
    expect((await send(zoom, `GET /im/groups/${id}`)).body).toMatchObject({ name: 'B', type: 'restricted' });
    expect((await send(zoom, 'GET /contacts/groups/a')).body).toMatchObject({ group_privacy: 1 });
  });

  test('are updated with other field names than they are created with', async () => {
    const { zoom } = await startTestSimulator({ groups: [{ id: 'a', name: 'A' }] });
    const change = async (json: object) => (await send(zoom, 'PATCH /contacts/groups/a', { json })).status;
    expect(await change({ name: 'B', privacy: 1, description: 'd' })).toBe(204);
    expect(zoom.groups()).toMatchObject([{ name: 'B', type: 'shared', description: 'd' }]);
    expect(await change({ group_name: 'C' })).toBe(400);
    expect(await change({ group_privacy: 1 })).toBe(400);
    expect((await send(zoom, 'DELETE /contacts/groups/a')).status).toBe(204);
    expect((await send(zoom, 'DELETE /contacts/groups/a')).status).toBe(400);
  });

  test('may share a name, which stays in use for IM groups until the last one is deleted', async () => {
    const { zoom } = await startTestSimulator({ groups: [] });
    const json = { group_name: 'Shared' };
    const ids: string[] = [];
    for (const _ of [1, 2]) ids.push((await send(zoom, 'POST /contacts/groups', { json })).body.group_id);
    expect(new Set(ids).size).toBe(2);
    const create = async () => (await send(zoom, 'POST /im/groups', { form: { name: 'Shared' } })).status;
    await send(zoom, `DELETE /contacts/groups/${ids[0]}`);
    expect(await create()).toBe(409);
    await send(zoom, `DELETE /contacts/groups/${ids[1]}`);
    expect(await create()).toBe(201);
  });

  test('are listed in pages of 50 at most, each group once', async () => {
    const groups = Array.from({ length: 120 }, (_, i) => ({ id: `g${i}`, name: `Group ${i}` }));
    const { zoom } = await startTestSimulator({ groups });
    const sizes: number[] = [];
    const names: string[] = [];
    let token = '';
    do {
      const { body } = await send(zoom, `GET /contacts/groups?page_size=50&next_page_token=${token}`);
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
    const { zoom } = await startTestSimulator();
    expect(await send(zoom, `GET /contacts/groups?${query}`)).toMatchObject({
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
  ])('are not created %s', async (_, json) => {
    const { zoom } = await startTestSimulator({ groups: [] });
    expect(await send(zoom, 'POST /contacts/groups', { json })).toMatchObject({
      status: 400,
      body: { code: 300 },
    });
    expect(zoom.groups()).toEqual([]);
  });

  test('are created from JSON only', async () => {
    const { zoom } = await startTestSimulator();
    expect((await send(zoom, 'POST /contacts/groups', { form: { group_name: 'A' } })).status).toBe(415);
  });

  test('are listed without member counts, a total, or the ids of the create, as Zoom documents', async () => {
    const { zoom } = await startTestSimulator({ groups: [] });
    const made = await send(zoom, 'POST /contacts/groups', { json: { group_name: 'A' } });
    expect(made.body.total_members).toBe(0);
    const { body } = await send(zoom, 'GET /contacts/groups');
    expect(Object.keys(body).sort()).toEqual(['groups', 'next_page_token', 'page_size']);
    const id = `dir.${made.body.group_id}`;
    expect(body.groups).toEqual([{ group_id: id, group_name: 'A', group_privacy: 2, description: '' }]);
    expect((await send(zoom, `GET /contacts/groups/${id}`)).body).toEqual(made.body);
    expect((await send(zoom, `DELETE /contacts/groups/${id}`)).status).toBe(204);
    expect(zoom.groups()).toEqual([]);
  });

  test.each([
    'GET /contacts/groups/x',
    'PATCH /contacts/groups/x',
    'DELETE /contacts/groups/x',
    'GET /contacts/groups/x/members',
    'POST /contacts/groups/x/members',
    'DELETE /contacts/groups/x/members?member_ids=a',
  ])('that do not exist are 400 with code 300 to %s, as Zoom documents', async (request) => {
    const { zoom } = await startTestSimulator();
    expect(await send(zoom, request)).toMatchObject({
      status: 400,
      body: { code: 300, message: 'A group with this groupId: x does not exist.' },
    });
  });

  test('have page tokens that expire after 15 minutes', async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const { zoom } = await startTestSimulator({ now: () => now });
    const { next_page_token } = (await send(zoom, 'GET /contacts/groups?page_size=2')).body;
    const page = `GET /contacts/groups?page_size=2&next_page_token=${next_page_token}`;
    now += 899_000;
    expect((await send(zoom, page)).status).toBe(200);
    now += 2_000;
    expect(await send(zoom, page)).toMatchObject({ status: 400, body: { code: 300 } });
  });
});
