/** Contact groups, the successor of IM groups (October 2022), behind the same port. JSON only. */
import type { Directory } from '../model/directory.js';
import type { Definition, Group, GroupType, Settings } from '../resources/groups/group.js';
import { type Api, caller } from './api-client.js';
import type { Rest } from './listing-parser.js';

/** One of these lets an app create contact groups: the classic scope, or the granular one. */
export const CONTACTS_WRITE_SCOPES: readonly string[] = [
  'contact_group:write:admin',
  'contact_group:write:group:admin',
];

/**
 * Inferred from the two references' wording, Zoom has no table for it: 1 everyone sees and searches (shared),
 * 2 members see and everyone searches (normal), 3 members only (restricted).
 */
const PRIVACY: readonly (readonly [GroupType, number])[] = [
  ['shared', 1],
  ['normal', 2],
  ['restricted', 3],
];

const PATH = '/contacts/groups';

/** The most that a page of the listing holds. */
const PAGE_SIZE = '50';

/** The account's contact groups. Searching by domain or account is no setting of theirs. */
export function contactsDirectory(api: Api): Directory {
  const call = caller(api, (answer) => answer.group_id, '--api im');
  const one = (groupId: string): string => `${PATH}/${encodeURIComponent(groupId)}`;
  return {
    api: 'contacts',
    unsupported: ['searchByDomain', 'searchByAccount', 'searchByMaAccount'],
    list: () => call.list(PATH, { page_size: PAGE_SIZE }, groupOf),
    create: (definition) => call.write('POST', PATH, 201, JSON.stringify(createBody(definition))),
    update: (groupId, settings) =>
      call.write('PATCH', one(groupId), 204, JSON.stringify(updateBody(settings))),
    remove: (groupId) => call.write('DELETE', one(groupId), 204),
  };
}

function privacyOf(type: GroupType | undefined): number | undefined {
  return PRIVACY.find(([word]) => word === type)?.[1];
}

/** The create's fields have other names than the change's. JSON.stringify leaves out what is undefined. */
function createBody({ name, type, description }: Definition): object {
  return { group_name: name, group_privacy: privacyOf(type), description };
}

function updateBody({ type, description }: Settings): object {
  return { privacy: privacyOf(type), description };
}

function groupOf(wire: Rest): Group | undefined {
  const {
    group_id: id,
    group_name: name,
    total_members: members,
    group_privacy: privacy,
    description,
  } = wire;
  if (typeof id !== 'string' || id === '' || typeof name !== 'string') return undefined;
  const type = PRIVACY.find(([, number]) => number === privacy)?.[0];
  return {
    id,
    name,
    members: typeof members === 'number' ? members : 0,
    ...(type === undefined ? {} : { type }),
    ...(typeof description === 'string' ? { description } : {}),
  };
}
