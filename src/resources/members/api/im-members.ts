/** Members of IM groups, from Zoom's API reference (OpenAPI of March 2026). */
import { isUsableId, toPath } from '../../groups/api/groups-api.js';
import { imGroups } from '../../groups/api/im-groups.js';
import { type MembersApi, toMembersPath } from './members-api.js';

export const imMembers: MembersApi = {
  groups: imGroups,
  addsBy: 'email',
  // Documented as the most. Doctor check `member-batch`.
  batchSizes: { add: 10, remove: 1 },
  needsMember: false,
  scopes: {
    list: ['imgroup:read:admin', 'contact_group:read:list_members:admin'],
    add: ['imgroup:write:admin', 'contact_group:write:member:admin'],
    remove: ['imgroup:write:admin', 'contact_group:delete:member:admin'],
  },
  listField: 'members',
  // The largest page.
  list: (groupId) => ({
    label: 'medium',
    method: 'GET',
    path: toMembersPath('/im/groups', groupId),
    query: { page_size: '300' },
    success: 200,
  }),
  parse: ({ id, email }) => {
    const found = {
      ...(isUsableId(id) ? { id } : {}),
      ...(typeof email === 'string' && email !== '' ? { email } : {}),
    };
    return Object.keys(found).length === 0 ? undefined : { type: 'user', ...found };
  },
  add: (groupId, people) => ({
    label: 'medium',
    method: 'POST',
    path: toMembersPath('/im/groups', groupId),
    body: { type: 'json', value: { members: people.map(({ email }) => ({ email })) } },
    success: 201,
  }),
  // One text: `a,b`.
  parseAdded: ({ ids }) => (typeof ids === 'string' ? ids.split(',').filter(isUsableId) : []),
  remove: (groupId, [memberId = '']) => ({
    label: 'light',
    method: 'DELETE',
    path: toPath(toMembersPath('/im/groups', groupId), memberId),
    success: 204,
  }),
  // For a removal, the same 404 may mean that the user is no member.
  isGroupMissing: (operation) => operation === 'add',
};
