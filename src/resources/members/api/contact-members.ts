/** Members of contact groups, from Zoom's API reference (OpenAPI of March 2026). */

import { contactGroups } from '../../groups/api/contact-groups.js';
import { isUsableId } from '../../groups/api/groups-api.js';
import { type MembersApi, toMembersPath } from './members-api.js';

/** The values of `type` in the list and in an add. */
const USER = 1;
const USER_GROUP = 2;

export const contactMembers: MembersApi = {
  groups: contactGroups,
  addsBy: 'id',
  batchSizes: { add: 50, remove: 20 },
  // "A group must have at least one member." Doctor check `member-remove`.
  needsMember: true,
  scopes: {
    list: ['contact_group:read:admin', 'contact_group:read:list_members:admin'],
    add: ['contact_group:write:admin', 'contact_group:write:member:admin'],
    remove: ['contact_group:write:admin', 'contact_group:delete:member:admin'],
  },
  listField: 'group_members',
  // The largest page.
  list: (groupId) => ({
    label: 'medium',
    method: 'GET',
    path: toMembersPath('/contacts/groups', groupId),
    query: { page_size: '50' },
    success: 200,
  }),
  parse: ({ type, id }) =>
    isUsableId(id) ? { type: type === USER_GROUP ? 'user-group' : 'user', id } : undefined,
  add: (groupId, people) => ({
    label: 'heavy',
    method: 'POST',
    path: toMembersPath('/contacts/groups', groupId),
    body: { type: 'json', value: { group_members: people.map(({ id }) => ({ type: USER, id })) } },
    success: 201,
  }),
  parseAdded: ({ member_ids: ids }) => (Array.isArray(ids) ? ids.filter(isUsableId) : []),
  remove: (groupId, memberIds) => ({
    label: 'heavy',
    method: 'DELETE',
    path: toMembersPath('/contacts/groups', groupId),
    query: { member_ids: memberIds.join(',') },
    success: 204,
  }),
  // "A group with this groupId: … does not exist." For a member the same code says "memberId".
  isGroupMissing: (_operation, message) => /\bgroup ?id\b/i.test(message),
};
