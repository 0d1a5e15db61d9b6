/** The members of IM groups and contact groups: who can be added, in which batches, and how they are listed. */

import type { Call } from './account.js';
import type { Group } from './group-store.js';
import { type SimulatedUser, USER_GROUPS } from './users.js';
import {
  errorResponse,
  type HttpResponse,
  isObject,
  isResponse,
  rejectBody,
  respondWithPage,
  validationError,
} from './wire.js';

const IM_PAGE_SIZES = { default: 30, max: 300 };
const IM_ADD_MAX = 10;
const CONTACT_PAGE_SIZES = { default: 10, max: 50 };
/** Per request, by the type of the member. */
const CONTACT_ADD_LIMITS = [
  { type: 1, what: 'users', max: 50 },
  { type: 2, what: 'user groups', max: 3 },
];
const CONTACT_REMOVE_MAX = 20;

export function listImMembers(call: Call, group: Group): HttpResponse {
  const ids = call.groups.memberIds(group.id, call.memberLagMs).filter((id) => !USER_GROUPS.has(id));
  return respondWithPage(ids, call, IM_PAGE_SIZES, (page) => ({
    total_records: ids.length,
    members: page.map((id) => {
      const { email, first_name = '', last_name = '' } = findMember(call, id);
      return { id, email, first_name, last_name, type: 2 };
    }),
  }));
}

/** An external contact, if the id is no user's. */
function findMember({ users }: Call, id: string): SimulatedUser {
  return users.find({ id }) ?? { email: `${id}@example.org`, first_name: 'External', last_name: id };
}

/**
 * A member is named by an id or an e-mail address, and the id wins. One who is unknown, pending, external or
 * a member already is accepted, and is missing in `ids`.
 */
export function addImMembers(call: Call, group: Group): HttpResponse {
  const rejection = rejectBody(call.body, ['json']);
  if (rejection) return rejection;
  const { members } = call.body.fields;
  const references = Array.isArray(members) ? members.map(parseImMember) : [];
  const valid = references.filter((reference) => reference !== undefined);
  if (valid.length < 1 || valid.length > IM_ADD_MAX || valid.length < references.length) {
    const message = `Must be 1 to ${IM_ADD_MAX} members with an id or email.`;
    return validationError([{ field: 'members', message }]);
  }
  const ids = valid.flatMap((reference) => call.users.find(reference)?.id ?? []);
  const added = call.faults.has('adds-nobody') ? [] : call.groups.addMembers(group.id, ids);
  // As in Zoom's examples, without milliseconds.
  const added_at = new Date(call.now).toISOString().replace(/\.\d+/, '');
  return { status: 201, body: { ids: added.join(','), added_at } };
}

function parseImMember(member: unknown): { readonly id?: string; readonly email?: string } | undefined {
  if (!isObject(member)) return undefined;
  const { id, email } = member;
  if (typeof id === 'string' && id !== '') return { id };
  return typeof email === 'string' && email !== '' ? { email } : undefined;
}

/** Inferred: only the 404 with code 4130 is documented, so it also answers for a user who is no member. */
export function removeImMember(call: Call, group: Group): HttpResponse {
  if (!call.groups.hasMember(group.id, call.memberId)) {
    return errorResponse(404, 4130, `Group member does not exist:${call.memberId}.`);
  }
  call.groups.removeMembers(group.id, [call.memberId]);
  return { status: 204 };
}

/** Neither e-mail addresses nor a total are documented. */
export function listContactMembers(call: Call, group: Group): HttpResponse {
  const ids = call.groups.memberIds(group.id, call.memberLagMs);
  return respondWithPage(ids, call, CONTACT_PAGE_SIZES, (page) => ({
    group_members: page.map((id) => {
      const userGroup = USER_GROUPS.get(id);
      if (userGroup !== undefined) return { type: 2, id, name: userGroup };
      const { first_name = '', last_name = '' } = findMember(call, id);
      return { type: 1, id, name: `${first_name} ${last_name}`.trim() };
    }),
  }));
}

export function addContactMembers(call: Call, group: Group): HttpResponse {
  const rejection = rejectBody(call.body, ['json']);
  if (rejection) return rejection;
  const ids = parseContactMembers(call, call.body.fields.group_members);
  if (isResponse(ids)) return ids;
  if (ids.length === 0) return validationError([{ field: 'group_members', message: 'Must not be empty.' }]);
  const added = call.faults.has('adds-nobody') ? [] : call.groups.addMembers(group.id, ids);
  return { status: 201, body: { member_ids: added } };
}

/** The ids of `[{type, id}]`; the whole request is refused for one member who does not exist. */
export function parseContactMembers(call: Call, value: unknown): readonly string[] | HttpResponse {
  const members = Array.isArray(value) ? value.map(parseContactMember) : [undefined];
  const valid = members.filter((member) => member !== undefined);
  if (valid.length < members.length) {
    return validationError([{ field: 'group_members', message: 'Must be an array of {type, id}.' }]);
  }
  const full = CONTACT_ADD_LIMITS.find(
    ({ type, max }) => valid.filter((member) => member.type === type).length > max,
  );
  if (full) return errorResponse(400, 300, `You can add a maximum of ${full.max} ${full.what} at a time.`);
  const missing = valid.find(({ type, id }) => !(type === 1 ? call.users.find({ id }) : USER_GROUPS.has(id)));
  return missing ? missingMember(missing.id) : valid.map(({ id }) => id);
}

function parseContactMember(member: unknown): { readonly type: 1 | 2; readonly id: string } | undefined {
  if (!isObject(member)) return undefined;
  const { type, id } = member;
  return (type === 1 || type === 2) && typeof id === 'string' && id !== '' ? { type, id } : undefined;
}

function missingMember(id: string): HttpResponse {
  return errorResponse(400, 300, `A member with this memberId: ${id} does not exist.`);
}

export function removeContactMembers(call: Call, group: Group): HttpResponse {
  const ids = (call.query.get('member_ids') ?? '').split(',').filter((id) => id !== '');
  if (ids.length === 0) return validationError([{ field: 'member_ids', message: 'Must not be empty.' }]);
  if (ids.length > CONTACT_REMOVE_MAX) {
    return errorResponse(400, 300, `You can remove a maximum of ${CONTACT_REMOVE_MAX} members at a time.`);
  }
  const missing = ids.find((id) => !call.groups.hasMember(group.id, id));
  if (missing !== undefined) return missingMember(missing);
  if (new Set(ids).size === call.groups.memberCount(group.id)) {
    return errorResponse(400, 300, 'A group must have at least one member.');
  }
  call.groups.removeMembers(group.id, ids);
  return { status: 204 };
}
