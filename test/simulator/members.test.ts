/** What a client may rely on when it meets the simulator: users, and the members of groups. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_USERS, type Simulator } from '../../src/simulator/server.js';
import { send, startTestSimulator } from '../support/simulator.js';

const statusOf = (status: string) => DEFAULT_USERS.filter((user) => user.status === status);

describe('users', () => {
  test('are the same on every start: a few dozen, some inactive, some pending, at example.com', async () => {
    const [{ zoom: one }, { zoom: two }] = [await startTestSimulator(), await startTestSimulator()];
    expect(one.users).toEqual(two.users);
    expect(one.users.length).toBe(56);
    expect(one.users.every(({ email }) => email.endsWith('@example.com'))).toBe(true);
    expect(new Set(one.users.map(({ email }) => email)).size).toBe(56);
    expect([statusOf('inactive').length, statusOf('pending').length]).toEqual([3, 3]);
  });

  test.each(['active', 'inactive', 'pending'])('that are %s are listed with their status', async (status) => {
    const { zoom } = await startTestSimulator();
    const { body } = await send(zoom, `GET /users?page_size=2000&status=${status}`);
    expect(body.users.map(({ email }: { email: string }) => email)).toEqual(
      statusOf(status).map(({ email }) => email),
    );
    expect(body.total_records).toBe(statusOf(status).length);
    expect(body.next_page_token).toBe('');
  });

  test('have an id and the ids of their IM groups, except pending ones', async () => {
    const { zoom } = await startTestSimulator({ groups: [{ id: 'a', name: 'A', total_members: 1 }] });
    const [first, second] = (await send(zoom, 'GET /users')).body.users;
    expect(first).toMatchObject({ id: expect.stringMatching(/^[\w-]{22}$/), im_group_ids: ['a'] });
    expect(second.im_group_ids).toEqual([]);
    const [pending] = (await send(zoom, 'GET /users?status=pending')).body.users;
    expect(Object.keys(pending)).not.toContain('id');
  });

  test('are listed in pages of 30, or 2,000 at most', async () => {
    const { zoom } = await startTestSimulator({ users: 4_500, groups: [] });
    expect((await send(zoom, 'GET /users')).body.users.length).toBe(30);
    const sizes: number[] = [];
    let token = '';
    do {
      const { body } = await send(zoom, `GET /users?page_size=2000&next_page_token=${token}`);
      sizes.push(body.users.length);
      token = body.next_page_token;
    } while (token !== '');
    expect(sizes).toEqual([2_000, 2_000, 500]);
    expect((await send(zoom, 'GET /users?page_size=2001')).status).toBe(400);
    expect((await send(zoom, 'GET /users?status=deleted')).status).toBe(400);
  });
});

test.each([
  ['free', 'free'],
  ['pro', 'monthly'],
  ['business', 'business_monthly'],
] as const)('the usage of a %s plan has the type %s', async (accountPlan, type) => {
  const { zoom } = await startTestSimulator({ accountPlan });
  const { body } = await send(zoom, 'GET /accounts/me/plans/usage');
  expect(body.plan_base.type).toBe(type);
});

/** One group `a` without members, and so many active users. */
async function startWithUsers(users: number): Promise<{ zoom: Simulator; ids: readonly string[] }> {
  const { zoom } = await startTestSimulator({ users, groups: [{ id: 'a', name: 'A' }], limiter: 'none' });
  return { zoom, ids: zoom.users.map(({ id = '' }) => id) };
}

const membersOf = (zoom: Simulator) => zoom.groups()[0]?.members;

describe('members of an IM group', () => {
  const PATH = '/im/groups/a/members';

  test('are added by id or e-mail address, and the ids come back in one string', async () => {
    const { zoom, ids } = await startWithUsers(3);
    const json = { members: [{ id: ids[0] }, { email: 'USER2@example.com' }, { id: ids[2], email: 'x' }] };
    expect((await send(zoom, `POST ${PATH}`, { json })).body).toEqual({
      ids: ids.join(','),
      added_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(membersOf(zoom)).toEqual(ids);
    expect(zoom.memberChanges()).toMatchObject([{ groupId: 'a', added: ids, removed: [] }]);
    expect((await send(zoom, 'GET /im/groups/a')).body.total_members).toBe(3);
  });

  test('do not come back if they are unknown, external, pending or members already', async () => {
    const { zoom } = await startTestSimulator({ groups: [{ id: 'a', name: 'A', total_members: 1 }] });
    const members = [
      { id: zoom.users[0]?.id },
      { id: 'unknown' },
      { email: 'external@example.org' },
      { email: statusOf('pending')[0]?.email },
    ];
    const { status, body } = await send(zoom, `POST ${PATH}`, { json: { members } });
    expect([status, body.ids]).toEqual([201, '']);
    expect(membersOf(zoom)).toEqual([zoom.users[0]?.id]);
  });

  test.each([
    ['none', []],
    ['eleven', Array.from({ length: 11 }, (_, i) => ({ email: `user${i + 1}@example.com` }))],
    ['one without id or e-mail address', [{ first_name: 'User' }]],
    ['a text', 'user1@example.com'],
  ])('are not added: %s', async (_, members) => {
    const { zoom } = await startWithUsers(20);
    expect(await send(zoom, `POST ${PATH}`, { json: { members } })).toMatchObject({
      status: 400,
      body: { code: 300 },
    });
    expect(membersOf(zoom)).toEqual([]);
  });

  test('are listed with their e-mail addresses in pages of 300 at most', async () => {
    const { zoom } = await startTestSimulator({
      users: 400,
      groups: [{ id: 'a', name: 'A', total_members: 301 }],
    });
    const first = (await send(zoom, `GET ${PATH}?page_size=300`)).body;
    expect([first.members.length, first.total_records]).toEqual([300, 301]);
    expect(first.members[0]).toMatchObject({ id: zoom.users[0]?.id, email: 'user1@example.com' });
    const query = `?page_size=300&next_page_token=${first.next_page_token}`;
    const last = (await send(zoom, `GET ${PATH}${query}`)).body;
    expect([last.members.length, last.next_page_token]).toEqual([1, '']);
    expect((await send(zoom, `GET ${PATH}?page_size=301`)).status).toBe(400);
  });

  test('are removed one at a time', async () => {
    const { zoom, ids } = await startWithUsers(2);
    await send(zoom, `POST ${PATH}`, { json: { members: ids.map((id) => ({ id })) } });
    expect((await send(zoom, `DELETE ${PATH}/${ids[0]}`)).status).toBe(204);
    expect(membersOf(zoom)).toEqual([ids[1]]);
    expect((await send(zoom, `DELETE ${PATH}/${ids[0]}`)).status).toBe(404);
    expect((await send(zoom, `DELETE ${PATH}/${ids[1]}`)).status).toBe(204);
  });

  test('of a group that does not exist are 404 with code 4130', async () => {
    const { zoom } = await startWithUsers(1);
    for (const request of ['GET', 'POST', 'DELETE']) {
      const path = `/im/groups/x/members${request === 'DELETE' ? '/u' : ''}`;
      expect((await send(zoom, `${request} ${path}`)).body.code).toBe(4130);
    }
  });
});

describe('members of a contact group', () => {
  const PATH = '/contacts/groups/a/members';
  const users = (ids: readonly (string | undefined)[]) => ids.map((id) => ({ type: 1, id }));

  test('are users and user groups, added by id, 50 and 3 at a time', async () => {
    const { zoom, ids } = await startWithUsers(51);
    const userGroups = ['Engineering', 'Marketing', 'Support'];
    const groupIds = ['ug-Engineering-000001', 'ug-Marketing-00000002', 'ug-Support-0000000003'];
    const group_members = [...users(ids.slice(0, 50)), ...groupIds.map((id) => ({ type: 2, id }))];
    const { status, body } = await send(zoom, `POST ${PATH}`, { json: { group_members } });
    expect([status, body.member_ids]).toEqual([201, [...ids.slice(0, 50), ...groupIds]]);
    const listed = (await send(zoom, `GET ${PATH}?page_size=50`)).body;
    expect(Object.keys(listed).sort()).toEqual(['group_members', 'next_page_token', 'page_size']);
    expect(listed.group_members[0]).toEqual({ type: 1, id: ids[0], name: 'User 1' });
    const next = (await send(zoom, `GET ${PATH}?next_page_token=${listed.next_page_token}`)).body;
    expect(next.group_members.map(({ type, name }: { type: number; name: string }) => [type, name])).toEqual(
      userGroups.map((name) => [2, name]),
    );
    expect((await send(zoom, `GET ${PATH}?page_size=51`)).status).toBe(400);
  });

  const USER_GROUP = { type: 2, id: 'ug-Support-0000000003' };
  test.each([
    ['51 users', (ids: readonly string[]) => users(ids), 'maximum of 50 users'],
    ['four user groups', () => Array(4).fill(USER_GROUP), 'maximum of 3 user groups'],
    ['an unknown user', (ids: readonly string[]) => users([ids[0], 'x']), 'memberId: x does not exist'],
    ['an e-mail address', () => [{ type: 1, email: 'user1@example.com' }], 'Validation Failed'],
    ['none', () => [], 'Validation Failed'],
  ])('are refused together: %s', async (_, create, message) => {
    const { zoom, ids } = await startWithUsers(51);
    const response = await send(zoom, `POST ${PATH}`, { json: { group_members: create(ids) } });
    expect(response).toMatchObject({ status: 400, body: { code: 300 } });
    expect(response.body.message).toContain(message);
    expect(membersOf(zoom)).toEqual([]);
  });

  test('are removed 20 at a time, never the last one', async () => {
    const { zoom, ids } = await startWithUsers(22);
    await send(zoom, `POST ${PATH}`, { json: { group_members: users(ids) } });
    const remove = async (some: readonly string[]) =>
      send(zoom, `DELETE ${PATH}?member_ids=${some.join(',')}`);
    expect((await remove(ids.slice(0, 21))).body.message).toContain('maximum of 20 members');
    expect((await remove(ids.slice(0, 20))).status).toBe(204);
    expect((await remove(ids.slice(0, 1))).body.message).toContain('does not exist');
    expect((await remove(ids.slice(20))).body.message).toBe('A group must have at least one member.');
    expect(membersOf(zoom)).toEqual(ids.slice(20));
  });

  test('can be given with the group', async () => {
    const { zoom, ids } = await startWithUsers(1);
    const json = { group_name: 'B', group_members: users(ids) };
    expect((await send(zoom, 'POST /contacts/groups', { json })).body.total_members).toBe(1);
    expect(
      (await send(zoom, 'POST /contacts/groups', { json: { ...json, group_members: users(['x']) } })).status,
    ).toBe(400);
  });
});

test('the groups of one simulator, members included, can be those of another', async () => {
  const { zoom } = await startTestSimulator();
  const again = await startTestSimulator({ groups: zoom.groups() });
  expect(again.zoom.groups()).toEqual(zoom.groups());
});
