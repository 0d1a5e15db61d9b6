/** The calls of contact groups, the successor of IM groups: the same groups with other field names, JSON only. */

import type { Call } from './account.js';
import type { Group } from './group-store.js';
import { type Field, NAME, parseFields } from './im-groups.js';
import { parseContactMembers } from './members.js';
import { errorResponse, type HttpResponse, isResponse, respondWithPage } from './wire.js';

/** Inferred: 1 everyone sees and searches, 2 members see and everyone searches, 3 members only. */
const PRIVACY = ['shared', 'normal', 'restricted'] as const;

const TYPE: Field = {
  setting: 'type',
  must: 'Must be 1, 2 or 3.',
  parse: (value) => (typeof value === 'number' ? PRIVACY[value - 1] : undefined),
};

const DESCRIPTION: Field = {
  setting: 'description',
  must: 'Must be a string.',
  parse: (value) => (typeof value === 'string' ? value : undefined),
};

/** An update names two of the fields differently than a create. */
const CREATE_FIELDS: ReadonlyMap<string, Field> = new Map([
  ['group_name', NAME],
  ['group_privacy', TYPE],
  ['description', DESCRIPTION],
]);
const UPDATE_FIELDS: ReadonlyMap<string, Field> = new Map([
  ['name', NAME],
  ['privacy', TYPE],
  ['description', DESCRIPTION],
]);

const PAGE_SIZES = { default: 10, max: 50 };
const LISTED_ID_PREFIX = 'dir.';

/** No documented response says that a name is in use, so several groups may share one. */
export function createContactGroup(call: Call): HttpResponse {
  const { group_members, ...others } = call.body.fields;
  const fields = parseFields({ ...call, body: { ...call.body, fields: others } }, ['json'], CREATE_FIELDS);
  if (isResponse(fields)) return fields;
  const { name } = fields;
  if (name === undefined) return errorResponse(400, 300, 'Missing field: group_name');
  const members = group_members === undefined ? [] : parseContactMembers(call, group_members);
  if (isResponse(members)) return members;
  const group = call.groups.create({ ...fields, name });
  call.groups.addMembers(group.id, members);
  return { status: 201, body: formatGroup(call, group) };
}

export function updateContactGroup(call: Call, group: Group): HttpResponse {
  const fields = parseFields(call, ['json'], UPDATE_FIELDS);
  if (isResponse(fields)) return fields;
  call.groups.update(group.id, fields);
  return { status: 204 };
}

export function getContactGroup(call: Call, group: Group): HttpResponse {
  return { status: 200, body: formatGroup(call, group) };
}

/** Neither `total_records` nor `total_members` is documented for the listing, and its ids have a prefix. */
export function listContactGroups(call: Call): HttpResponse {
  return respondWithPage(call.groups.all(call.listLagMs), call, PAGE_SIZES, (groups) => ({
    groups: groups.map((group) => {
      const { total_members: _, ...listed } = formatGroup(call, group);
      return { ...listed, group_id: `${LISTED_ID_PREFIX}${group.id}` };
    }),
  }));
}

/** Zoom's examples spell a group's id with a prefix in the listing and without it elsewhere; both are accepted. */
export function findContactGroup({ groups, groupId }: Call): Group | undefined {
  const unlisted = groupId.startsWith(LISTED_ID_PREFIX) ? groupId.slice(LISTED_ID_PREFIX.length) : groupId;
  return groups.get(groupId) ?? groups.get(unlisted);
}

export function missingContactGroup(id: string): HttpResponse {
  return errorResponse(400, 300, `A group with this groupId: ${id} does not exist.`);
}

function formatGroup({ groups, faults }: Call, { id, name, type, description }: Group) {
  return {
    group_id: id,
    group_name: name,
    ...(faults.has('no-member-count') ? {} : { total_members: groups.memberCount(id) }),
    group_privacy: PRIVACY.indexOf(type) + 1,
    description,
  };
}
