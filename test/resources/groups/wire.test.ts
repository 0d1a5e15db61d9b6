/** What is sent to Zoom for each call, to the letter, and how its groups are read. */
import { describe, expect, test } from 'vitest';
import { GROUP_TYPES } from '../../../src/resources/groups/api/group.js';
import { isUsableId } from '../../../src/resources/groups/api/groups-api.js';
import { GROUPS_APIS } from '../../../src/resources/groups/api/groups-apis.js';
import { groups } from '../../../src/resources/groups/groups.js';
import { createGroupsRollback } from '../../../src/resources/groups/rollback.js';
import { toPageCall } from '../../../src/resources/paging/read-pages.js';

const { im, contacts } = GROUPS_APIS;
/** Without what is undefined, as JSON has it. */
const toJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const FULL = {
  name: 'Vertrieb "Süd", 東京',
  type: 'shared',
  searchByDomain: true,
  searchByAccount: false,
  searchByMaAccount: false,
  description: 'd',
} as const;

describe('IM groups', () => {
  test('are created with a form: the fields in the order of Zoom’s Postman item, booleans as words', () => {
    expect(im.create(FULL, 'multipart')).toEqual({
      label: 'light',
      method: 'POST',
      path: '/im/groups',
      success: 201,
      body: {
        type: 'form',
        parts: [
          ['name', 'Vertrieb "Süd", 東京'],
          ['type', 'shared'],
          ['search_by_domain', 'true'],
          ['search_by_account', 'false'],
          ['search_by_ma_account', 'false'],
        ],
      },
    });
  });

  test('are created with JSON with true booleans', () => {
    const { body } = im.create(FULL, 'json');
    expect(JSON.stringify(body)).toBe(
      '{"type":"json","value":{"name":"Vertrieb \\"Süd\\", 東京","type":"shared","search_by_domain":true,"search_by_account":false,"search_by_ma_account":false}}',
    );
  });

  test('are sent no field that the row leaves empty', () => {
    expect(im.create({ name: 'a' }, 'multipart').body).toEqual({ type: 'form', parts: [['name', 'a']] });
    expect(im.create({ name: 'a' }, 'json').body).toEqual({ type: 'json', value: { name: 'a' } });
  });

  test('are changed with JSON, by what is to change only', () => {
    expect(im.update('g1', { searchByAccount: true })).toEqual({
      label: 'light',
      method: 'PATCH',
      path: '/im/groups/g1',
      success: 204,
      body: { type: 'json', value: { search_by_account: true } },
    });
    expect(im.update('g1', { name: 'b', type: 'normal' }).body).toEqual({
      type: 'json',
      value: { name: 'b', type: 'normal' },
    });
  });

  test('are read one by one, listed and deleted', () => {
    expect(im.get('-a_1')).toMatchObject({
      label: 'light',
      method: 'GET',
      path: '/im/groups/-a_1',
      success: 200,
    });
    expect(im.remove('g1')).toEqual({
      label: 'light',
      method: 'DELETE',
      path: '/im/groups/g1',
      success: 204,
    });
    expect(im.list).toMatchObject({
      label: 'medium',
      method: 'GET',
      path: '/im/groups',
      success: 200,
    });
    expect(im.list.query).toBeUndefined();
    expect(toPageCall(im.list, 'p/2').query).toEqual({ next_page_token: 'p/2' });
  });

  test('are read with every field, and without a type that is not known', () => {
    const wire = { id: '1', name: 'A', total_members: 3, search_by_domain: false };
    expect(im.parse({ ...wire, type: 'restricted' })).toEqual({
      id: '1',
      name: 'A',
      members: 3,
      type: 'restricted',
      searchByDomain: false,
    });
    expect(im.parse({ ...wire, type: 'new' })).not.toHaveProperty('type');
    expect(im.parse({ ...wire, search_by_account: false, search_by_ma_account: true })).toMatchObject({
      searchByDomain: false,
      searchByAccount: false,
      searchByMaAccount: true,
    });
    expect(im.parse({ id: '1', name: 'A' })).toEqual({ id: '1', name: 'A' });
  });
});

describe('contact groups', () => {
  test.each([
    ['shared', 1],
    ['normal', 2],
    ['restricted', 3],
  ] as const)('of type %s have privacy %i when created, changed and read', (type, privacy) => {
    const created = contacts.create({ name: 'a', type, description: 'd', searchByAccount: true }, 'json');
    expect([created.label, created.method, created.path, created.success]).toEqual([
      'heavy',
      'POST',
      '/contacts/groups',
      201,
    ]);
    expect(toJson(created.body)).toEqual({
      type: 'json',
      value: { group_name: 'a', group_privacy: privacy, description: 'd' },
    });
    // A change's fields have other names than those of a create.
    const updated = contacts.update('g1', { name: 'b', type });
    expect([updated.label, updated.method, updated.path, updated.success]).toEqual([
      'heavy',
      'PATCH',
      '/contacts/groups/g1',
      204,
    ]);
    expect(toJson(updated.body)).toEqual({ type: 'json', value: { name: 'b', privacy } });
    const wire = {
      group_id: 'g1',
      group_name: 'a',
      total_members: 3,
      group_privacy: privacy,
      description: 'd',
    };
    expect(contacts.parse(wire)).toEqual({ id: 'g1', name: 'a', members: 3, type, description: 'd' });
  });

  test('are sent no field that the row leaves empty', () => {
    expect(toJson(contacts.create({ name: 'a' }, 'json').body)).toEqual({
      type: 'json',
      value: { group_name: 'a' },
    });
  });

  test('are listed in pages of 50, the most that Zoom allows', () => {
    expect(contacts.list).toMatchObject({
      label: 'medium',
      method: 'GET',
      path: '/contacts/groups',
    });
    expect(contacts.list.query).toEqual({ page_size: '50' });
    expect(toPageCall(contacts.list, 't').query).toEqual({ page_size: '50', next_page_token: 't' });
  });

  test('of a list have no member count: unknown, not empty', () => {
    expect(contacts.parse({ group_id: 'g1', group_name: 'a' })?.members).toBeUndefined();
  });

  test('are deleted under the heavy limit, and read under the light one', () => {
    expect([contacts.remove('g1').label, contacts.get('g1').label]).toEqual(['heavy', 'light']);
  });
});

describe.each(['im', 'contacts'] as const)('an id of %s groups', (name) => {
  const api = GROUPS_APIS[name];
  test.each([
    '..',
    '.',
    '',
    'a/b',
    'a?b',
    'a#b',
    'a%2e',
    'a b',
    'a\u0000',
    'a\u202e',
    '../x',
    'x'.repeat(257),
    7,
    null,
    ['a'],
  ])('%j is none: it could change the path or the terminal', (id) => {
    expect(isUsableId(id)).toBe(false);
    expect(api.parse({ [api.idField]: id, [api.nameField]: 'A' })).toBeUndefined();
  });

  test.each([
    '-5sF2RhVQWyJd3FOnrlBOg',
    'dir.JquK',
    'A4ql1FjgL913r5jiXDzDyg',
    'a==',
  ])('%j stands in a path', (id) => {
    expect(api.parse({ [api.idField]: id, [api.nameField]: 'A' })?.id).toBe(id);
    expect(decodeURIComponent(api.get(id).path.split('/').at(-1) ?? '')).toBe(id);
  });

  test('without a name is no group', () => {
    for (const one of [undefined, '', 5]) {
      expect(api.parse({ [api.idField]: 'g1', [api.nameField]: one })).toBeUndefined();
    }
  });
});

test('the scopes that a run needs are those of its calls', () => {
  const base = { body: 'auto', needsListing: false } as const;
  expect(groups.scopes({ ...base, api: 'im', update: false, listing: false })).toEqual([
    ['imgroup:write:admin', 'contact_group:write:group:admin'],
  ]);
  expect(
    groups.scopes({ ...base, api: 'im', update: true, listing: true }).map(([, granular]) => granular),
  ).toEqual([
    'contact_group:read:list_groups:admin',
    'contact_group:write:group:admin',
    'contact_group:update:group:admin',
  ]);
  expect(groups.writeLabel({ ...base, api: 'im', update: false, listing: true })).toBe('light');
  expect(groups.writeLabel({ ...base, api: 'contacts', update: false, listing: true })).toBe('heavy');
});

test('the scopes that a rollback needs are those of its calls', () => {
  const { scopes, writeLabel } = createGroupsRollback([]);
  const granular = (includeUpdates: boolean) =>
    scopes({ api: 'im', source: 'runs/a', includeUpdates }).map(([, scope]) => scope);
  const deleting = [
    'contact_group:read:list_groups:admin',
    'contact_group:read:group:admin',
    'contact_group:delete:group:admin',
  ];
  expect(granular(false)).toEqual(deleting);
  expect(granular(true)).toEqual([...deleting, 'contact_group:update:group:admin']);
  expect(writeLabel({ api: 'contacts', source: 'runs/a', includeUpdates: false })).toBe('heavy');
});

test('types are the three that Zoom documents', () => {
  expect(GROUP_TYPES).toEqual(['normal', 'shared', 'restricted']);
});
