/** The calls of contact groups, the successor of IM groups: the same groups with other field names, JSON only. */

import type { Call } from './account.js';
import type { Group, GroupFields } from './group-store.js';
import { parseName } from './im-groups.js';
import { type MemberReferences, parseContactMembers } from './members.js';
import {
  errorResponse,
  type FieldError,
  type HttpResponse,
  isResponse,
  type RequestBody,
  rejectBody,
  takePage,
  validationError,
} from './wire.js';

/** Inferred: 1 everyone sees and searches, 2 members see and everyone searches, 3 members only. */
const PRIVACY = ['shared', 'normal', 'restricted'] as const;

type FieldNames = Readonly<Record<string, 'name' | 'type' | 'description'>>;

/** An update names two of the fields differently than a create. */
const CREATE_FIELDS: FieldNames = {
  group_name: 'name',
  group_privacy: 'type',
  description: 'description',
};
const UPDATE_FIELDS: FieldNames = { name: 'name', privacy: 'type', description: 'description' };

const PAGE_SIZES = { default: 10, max: 50 };
const LISTED_ID_PREFIX = 'dir.';

/** No documented response says that a name is in use, so several groups may share one. */
export function createContactGroup(call: Call): HttpResponse {
  const { group_members, ...others } = call.body.fields;
  const fields = parseFields({ ...call.body, fields: others }, CREATE_FIELDS, call.foldsNames);
  if (isResponse(fields)) return fields;
  const { name } = fields;
  if (name === undefined) return errorResponse(400, 300, 'Missing field: group_name');
  const members: MemberReferences | HttpResponse =
    group_members === undefined ? [] : parseContactMembers(call, group_members);
  if (isResponse(members)) return members;
  const group = call.groups.create({ ...fields, name });
  call.groups.addMembers(group.id, members);
  return { status: 201, body: formatGroup(call, group) };
}

export function updateContactGroup(call: Call, group: Group): HttpResponse {
  const fields = parseFields(call.body, UPDATE_FIELDS, call.foldsNames);
  if (isResponse(fields)) return fields;
  call.groups.update(group.id, fields);
  return { status: 204 };
}

export function getContactGroup(call: Call, group: Group): HttpResponse {
  return { status: 200, body: formatGroup(call, group) };
}

/** Neither `total_records` nor `total_members` is documented for the listing, and its ids have a prefix. */
export function listContactGroups(call: Call): HttpResponse {
  const page = takePage(call.groups.all(call.listLagMs), call.query, PAGE_SIZES, call.now);
  if (isResponse(page)) return page;
  const groups = page.items.map((group) => {
    const { total_members: _, ...listed } = formatGroup(call, group);
    return { ...listed, group_id: `${LISTED_ID_PREFIX}${group.id}` };
  });
  return { status: 200, body: { groups, ...page.page } };
}

/** Zoom's examples spell a group's id with a prefix in the listing and without it elsewhere; both are accepted. */
export function findContactGroup(call: Call, id: string): Group | undefined {
  const isListedId = id.startsWith(LISTED_ID_PREFIX);
  return call.groups.get(id) ?? (isListedId ? call.groups.get(id.slice(LISTED_ID_PREFIX.length)) : undefined);
}

export function missingContactGroup(id: string): HttpResponse {
  return errorResponse(400, 300, `A group with this groupId: ${id} does not exist.`);
}

type FormattedGroup = Readonly<Record<string, unknown>> & { readonly total_members?: number };

function formatGroup(call: Call, group: Group): FormattedGroup {
  return {
    group_id: group.id,
    group_name: group.name,
    ...(call.hidesMemberCounts ? {} : { total_members: call.groups.memberCount(group.id) }),
    group_privacy: PRIVACY.indexOf(group.type) + 1,
    description: group.description,
  };
}

function parseFields(body: RequestBody, names: FieldNames, foldsNames: boolean): GroupFields | HttpResponse {
  const rejection = rejectBody(body, ['json']);
  if (rejection) return rejection;
  const errors: FieldError[] = [];
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body.fields)) {
    const field = Object.hasOwn(names, name) ? names[name] : undefined;
    const parsed = field === undefined ? { error: 'Unknown field.' } : parseField(field, value, foldsNames);
    if ('error' in parsed) errors.push({ field: name, message: parsed.error });
    else fields[field ?? name] = parsed.value;
  }
  return errors.length > 0 ? validationError(errors) : fields;
}

type ParsedField = { readonly value: unknown } | { readonly error: string };

function parseField(
  field: 'name' | 'type' | 'description',
  value: unknown,
  foldsNames: boolean,
): ParsedField {
  if (field === 'name') return parseName(value, foldsNames);
  if (field === 'type') {
    const type = typeof value === 'number' ? PRIVACY[value - 1] : undefined;
    return type ? { value: type } : { error: 'Must be 1, 2 or 3.' };
  }
  return typeof value === 'string' ? { value } : { error: 'Must be a string.' };
}
