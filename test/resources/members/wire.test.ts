/** What is sent to Zoom for members and users, to the letter, and how its answers are read. */
import { describe, expect, test } from 'vitest';
import type { JudgedReply } from '../../../src/model/reply.js';
import type { Member } from '../../../src/resources/members/api/members-api.js';
import { MEMBERS_APIS } from '../../../src/resources/members/api/members-apis.js';
import { PeopleIndex } from '../../../src/resources/members/api/people-index.js';
import { listUsers, type User } from '../../../src/resources/members/api/users.js';
import { members } from '../../../src/resources/members/members.js';
import { createMembersRollback } from '../../../src/resources/members/rollback.js';

const { im, contacts } = MEMBERS_APIS;
const people = [
  { id: 'u1', email: 'ann@x.org' },
  { id: undefined, email: 'bob@x.org' },
];

describe('members of IM groups', () => {
  test('are listed in pages of 300, the most that Zoom allows', () => {
    expect(im.list('g1')).toEqual({
      label: 'medium',
      method: 'GET',
      path: '/im/groups/g1/members',
      query: { page_size: '300' },
      success: 200,
    });
  });

  test('are added by their addresses, ten at most, and removed one at a time', () => {
    expect(im.batchSizes).toEqual({ add: 10, remove: 1 });
    expect(im.add('g1', people)).toEqual({
      label: 'medium',
      method: 'POST',
      path: '/im/groups/g1/members',
      body: { type: 'json', value: { members: [{ email: 'ann@x.org' }, { email: 'bob@x.org' }] } },
      success: 201,
    });
    expect(im.remove('g1', ['u1'])).toEqual({
      label: 'light',
      method: 'DELETE',
      path: '/im/groups/g1/members/u1',
      success: 204,
    });
  });

  test('are known by what Zoom lists of them: an id, an address, or both', () => {
    expect(im.parse({ id: 'u1', email: 'ann@x.org', type: 1 })).toEqual({
      type: 'user',
      id: 'u1',
      email: 'ann@x.org',
    });
    expect(im.parse({ id: 'u1', email: '' })).toEqual({ type: 'user', id: 'u1' });
    expect(im.parse({ id: '', email: 'new@x.org' })).toEqual({ type: 'user', email: 'new@x.org' });
    for (const wire of [{}, { id: '..', email: 7 }, { email: '' }]) expect(im.parse(wire)).toBeUndefined();
  });

  test('that an add names are those of one text; a user who was a member before is not among them', () => {
    expect(im.parseAdded({ ids: 'u1,u2', added_at: '' })).toEqual(['u1', 'u2']);
    for (const body of [{}, { ids: '' }, { ids: ['u1'] }]) expect(im.parseAdded(body)).toEqual([]);
  });
});

describe('members of contact groups', () => {
  test('are listed in pages of 50, the most that Zoom allows', () => {
    expect(contacts.list('g1')).toEqual({
      label: 'medium',
      method: 'GET',
      path: '/contacts/groups/g1/members',
      query: { page_size: '50' },
      success: 200,
    });
  });

  test('are added by their ids, 50 at most, and removed 20 at a time', () => {
    expect(contacts.batchSizes).toEqual({ add: 50, remove: 20 });
    expect(contacts.add('g1', people.slice(0, 1))).toEqual({
      label: 'heavy',
      method: 'POST',
      path: '/contacts/groups/g1/members',
      body: { type: 'json', value: { group_members: [{ type: 1, id: 'u1' }] } },
      success: 201,
    });
    expect(contacts.remove('g1', ['u1', 'u2'])).toEqual({
      label: 'heavy',
      method: 'DELETE',
      path: '/contacts/groups/g1/members',
      query: { member_ids: 'u1,u2' },
      success: 204,
    });
  });

  test('are users, or user groups, which Zoom lists with type 2', () => {
    expect(contacts.parse({ type: 1, id: 'u1', name: 'Ann' })).toEqual({ type: 'user', id: 'u1' });
    expect(contacts.parse({ type: 2, id: 'ug1', name: 'Staff' })).toEqual({ type: 'user-group', id: 'ug1' });
    expect(contacts.parse({ type: 1, id: '../x' })).toBeUndefined();
  });

  test('that an add names are those of a list', () => {
    expect(contacts.parseAdded({ member_ids: ['u1', 'u2', '..', 7] })).toEqual(['u1', 'u2']);
    for (const body of [{}, { member_ids: 'u1' }]) expect(contacts.parseAdded(body)).toEqual([]);
  });

  test('a refusal says by its words whether the group is missing, or a member', () => {
    const isGroupMissing = (message: string) => contacts.isGroupMissing('remove', message);
    expect(isGroupMissing('A group with this groupId: g1 does not exist.')).toBe(true);
    expect(isGroupMissing('A member with this memberId: u1 does not exist.')).toBe(false);
  });
});

describe('the users of the account', () => {
  const reply = (users: readonly object[]): JudgedReply => ({
    type: 'success',
    httpStatus: 200,
    message: '',
    complete: true,
    body: { users },
  });

  test('are listed by status, in pages of 2,000, the most that Zoom allows', () => {
    expect(listUsers(new PeopleIndex<User>()).map(({ call }) => call)).toEqual(
      ['active', 'inactive', 'pending'].map((status) => ({
        label: 'medium',
        method: 'GET',
        path: '/users',
        query: { status, page_size: '2000' },
        success: 200,
      })),
    );
  });

  test('have an id, except pending ones, and no user is without an address', () => {
    const users = new PeopleIndex<User>();
    const listed = [
      { id: 'u1', email: 'Ann@x.org' },
      { id: 'u2', email: '' },
      { id: 'u3' },
      { id: '..', email: 'b@x.org' },
    ];
    const context = { now: 0, ambiguous: false, attempts: 1, sentAt: 0 };
    for (const step of listUsers(users)) {
      const isPending = step.call.query?.status === 'pending';
      step.judge(reply(isPending ? [{ id: 'u9', email: 'new@x.org' }] : listed), context);
    }
    expect([...users]).toEqual([
      { email: 'Ann@x.org', status: 'active', id: 'u1' },
      { email: 'b@x.org', status: 'active' },
      { email: 'new@x.org', status: 'pending' },
    ]);
    expect(users.find({ email: 'ann@X.org' })?.id).toBe('u1');
    expect(users.find({ id: 'u1' })?.email).toBe('Ann@x.org');
    expect(users.find({ id: 'u9' })).toBeUndefined();
  });
});

test('a person who comes on two pages, or twice with one address, counts once', () => {
  const people = new PeopleIndex<Member>();
  const add = (id: string | undefined, email?: string) =>
    people.add({
      type: 'user',
      ...(id === undefined ? {} : { id }),
      ...(email === undefined ? {} : { email }),
    });
  expect([add('u1', 'Ann@x.org'), add('u1'), add('u2', 'ann@X.org'), add(undefined, 'ann@x.org')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([add('u3'), people.size]).toEqual([true, 2]);
});

test('the scopes that a run needs are those of its calls', () => {
  const granular = (api: 'im' | 'contacts', mode: 'add' | 'remove' | 'sync') =>
    members.scopes({ api, mode }).map(([, scope]) => scope?.replace(/^(contact_group|user):/, ''));
  const reads = ['read:list_groups:admin', 'read:list_members:admin'];
  const [add, remove] = ['write:member:admin', 'delete:member:admin'];
  expect(granular('im', 'add')).toEqual([...reads, add]);
  expect(granular('im', 'remove')).toEqual([...reads, remove]);
  expect(granular('im', 'sync')).toEqual([...reads, add, remove]);
  expect(granular('contacts', 'add')).toEqual([...reads, 'read:list_users:admin', add]);
  const rollback = createMembersRollback([]);
  expect(rollback.scopes({ api: 'im', source: 'runs/a' }).map(([classic]) => classic)).toEqual([
    'imgroup:read:admin',
    'imgroup:write:admin',
  ]);
});

test('--rate is about the limit that the writes fall under', () => {
  const label = (api: 'im' | 'contacts', mode: 'add' | 'remove' | 'sync') =>
    members.writeLabel({ api, mode });
  expect([label('im', 'add'), label('im', 'sync'), label('im', 'remove')]).toEqual([
    'medium',
    'medium',
    'light',
  ]);
  expect([label('contacts', 'add'), label('contacts', 'remove')]).toEqual(['heavy', 'heavy']);
  expect(createMembersRollback([]).writeLabel({ api: 'im', source: 'runs/a' })).toBe('light');
});
