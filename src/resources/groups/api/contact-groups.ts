/** Contact groups, the successor of IM groups since October 2022: paths, fields and capabilities. JSON only. */
import { GROUP_TYPES, type GroupType } from './group.js';
import { type GroupsApi, toGroup, toPath } from './groups-api.js';

const PATH = '/contacts/groups';

/**
 * Inferred from the wording of the two references, Zoom has no table for it: 1 everyone sees and searches (shared),
 * 2 members see and everyone searches (normal), 3 members only (restricted). Doctor check `privacy`.
 */
const PRIVACY: Readonly<Record<GroupType, number>> = { shared: 1, normal: 2, restricted: 3 };

export const contactGroups: GroupsApi = {
  name: 'contacts',
  noun: 'contact groups',
  settings: ['type', 'description'],
  // No 409 and no uniqueness is documented. Doctor check `same-name`.
  uniqueNames: false,
  bodyFormats: ['json'],
  // The reference lists GET one under the write scope.
  scopes: {
    read: ['contact_group:read:admin', 'contact_group:read:list_groups:admin'],
    get: ['contact_group:write:admin', 'contact_group:read:group:admin'],
    create: ['contact_group:write:admin', 'contact_group:write:group:admin'],
    update: ['contact_group:write:admin', 'contact_group:update:group:admin'],
    delete: ['contact_group:write:admin', 'contact_group:delete:group:admin'],
  },
  listField: 'groups',
  idField: 'group_id',
  nameField: 'group_name',
  // The largest page.
  list: { label: 'medium', method: 'GET', path: PATH, query: { page_size: '50' }, success: 200 },
  get: (groupId) => ({ label: 'light', method: 'GET', path: toPath(PATH, groupId), success: 200 }),
  // Without members: the reference names none as needed. Inferred: doctor check `empty-group`.
  create: ({ name, type, description }) => ({
    label: 'heavy',
    method: 'POST',
    path: PATH,
    success: 201,
    body: { type: 'json', value: { group_name: name, group_privacy: type && PRIVACY[type], description } },
  }),
  // A change's fields have other names than those of a create.
  update: (groupId, { name, type, description }) => ({
    label: 'heavy',
    method: 'PATCH',
    path: toPath(PATH, groupId),
    success: 204,
    body: { type: 'json', value: { name, privacy: type && PRIVACY[type], description } },
  }),
  remove: (groupId) => ({ label: 'heavy', method: 'DELETE', path: toPath(PATH, groupId), success: 204 }),
  // Lists have no member count: absent means unknown, not empty. Doctor check `total-members`.
  parse: (wire) => {
    const group = toGroup(wire.group_id, wire.group_name, wire.total_members);
    if (!group) return undefined;
    const type = GROUP_TYPES.find((one) => PRIVACY[one] === wire.group_privacy);
    if (type !== undefined) group.type = type;
    if (typeof wire.description === 'string') group.description = wire.description;
    return group;
  },
};
