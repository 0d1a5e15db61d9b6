/** The calls of IM groups: a request is checked strictly and answered in Zoom's words. */

import type { Call } from './account.js';
import type { Group, GroupFields } from './group-store.js';
import {
  errorResponse,
  type FieldError,
  type HttpResponse,
  isResponse,
  type RequestBody,
  rejectBody,
  validationError,
} from './wire.js';

const TYPES = ['normal', 'shared', 'restricted'];
const FLAGS = ['search_by_domain', 'search_by_account', 'search_by_ma_account'];
const NAME_LENGTH_MAX = 128;

export function createImGroup(call: Call): HttpResponse {
  const fields = parseFields(call.body, call.foldsNames);
  if (isResponse(fields)) return fields;
  const { name } = fields;
  if (name === undefined) return errorResponse(400, 300, 'Missing field: name');
  if (call.groups.hasName(name)) return nameInUse(name);
  return { status: 201, body: formatGroup(call, call.groups.create({ ...fields, name })) };
}

export function updateImGroup(call: Call, group: Group): HttpResponse {
  const fields = parseFields(call.body, call.foldsNames);
  if (isResponse(fields)) return fields;
  const { name } = fields;
  if (name !== undefined && name !== group.name && call.groups.hasName(name)) return nameInUse(name);
  call.groups.update(group.id, fields);
  return { status: 204 };
}

export function getImGroup(call: Call, group: Group): HttpResponse {
  return { status: 200, body: { ...formatGroup(call, group), type: group.type } };
}

export function deleteGroup(call: Call, group: Group): HttpResponse {
  call.groups.remove(group.id);
  return { status: 204 };
}

/** All groups in one response: the documented call has no pages. */
export function listImGroups(call: Call): HttpResponse {
  const groups = call.groups
    .all(call.listLagMs)
    .map((group) => ({ ...formatGroup(call, group), type: group.type }));
  return { status: 200, body: { total_records: groups.length, groups } };
}

export function missingImGroup(id: string): HttpResponse {
  return errorResponse(404, 4130, `Group does not exist:${id}.`);
}

function nameInUse(name: string): HttpResponse {
  return errorResponse(409, 4132, `Group name ${name} is already in use.`);
}

/** The documented response of a create has no type. */
function formatGroup(call: Call, group: Group): object {
  const { id, name, search_by_domain, search_by_account, search_by_ma_account } = group;
  const count = call.hidesMemberCounts ? {} : { total_members: call.groups.memberCount(id) };
  return { id, name, ...count, search_by_domain, search_by_account, search_by_ma_account };
}

function parseFields(body: RequestBody, foldsNames: boolean): GroupFields | HttpResponse {
  const rejection = rejectBody(body, ['form', 'json']);
  if (rejection) return rejection;
  if (body.fields.name === '') return errorResponse(400, 300, 'Missing field: name');
  const errors: FieldError[] = [];
  const fields: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(body.fields)) {
    const parsed = parseField(field, value, body.type === 'form', foldsNames);
    if ('error' in parsed) errors.push({ field, message: parsed.error });
    else fields[field] = parsed.value;
  }
  return errors.length > 0 ? validationError(errors) : fields;
}

type ParsedField = { readonly value: unknown } | { readonly error: string };

/** In a form every value is a string. */
function parseField(field: string, value: unknown, isForm: boolean, foldsNames: boolean): ParsedField {
  if (field === 'name') return parseName(value, foldsNames);
  if (field === 'type') {
    return TYPES.some((type) => type === value)
      ? { value }
      : { error: `Must be one of ${TYPES.join(', ')}.` };
  }
  if (!FLAGS.includes(field)) return { error: 'Unknown field.' };
  if (isForm && (value === 'true' || value === 'false')) return { value: value === 'true' };
  return !isForm && typeof value === 'boolean' ? { value } : { error: 'Must be a boolean.' };
}

/** A group's name as both APIs store it. @param folds whether runs of blanks become one */
export function parseName(
  value: unknown,
  folds: boolean,
): { readonly value: string } | { readonly error: string } {
  const isValid = typeof value === 'string' && value.trim() !== '' && [...value].length <= NAME_LENGTH_MAX;
  if (!isValid) return { error: `Must be a string of 1 to ${NAME_LENGTH_MAX} characters.` };
  return { value: folds ? value.trim().replace(/\s+/g, ' ') : value.trim() };
}
