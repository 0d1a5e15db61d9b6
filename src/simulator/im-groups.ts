/** The calls of IM groups: a request is checked strictly, field by field, and answered in Zoom's words. */

import type { Call } from './account.js';
import { GROUP_TYPES, type Group, type GroupFields } from './group-store.js';
import {
  errorResponse,
  type FieldError,
  type HttpResponse,
  isResponse,
  type RequestBody,
  rejectBody,
  validationError,
} from './wire.js';

/** How a field is read: undefined if its value is refused, because it is not what it `must` be. */
export type Field = {
  readonly setting: keyof GroupFields;
  readonly must: string;
  parse(value: unknown, call: Call): unknown;
};

const NAME_LENGTH_MAX = 128;

/** Both APIs trim a name. */
export const NAME: Field = {
  setting: 'name',
  must: `Must be a string of 1 to ${NAME_LENGTH_MAX} characters.`,
  parse: (value, { faults }) => {
    if (typeof value !== 'string' || value.trim() === '' || [...value].length > NAME_LENGTH_MAX)
      return undefined;
    return faults.has('folds-names') ? value.trim().replace(/\s+/g, ' ') : value.trim();
  },
};

const TYPE: Field = {
  setting: 'type',
  must: `Must be one of ${GROUP_TYPES.join(', ')}.`,
  parse: (value) => GROUP_TYPES.find((type) => type === value),
};

const FLAGS = ['search_by_domain', 'search_by_account', 'search_by_ma_account'] as const;

const FIELDS: ReadonlyMap<string, Field> = new Map([
  ['name', NAME],
  ['type', TYPE],
  ...FLAGS.map((name) => [name, { setting: name, must: 'Must be a boolean.', parse: parseFlag }] as const),
]);

/** In a form every value is a string. */
function parseFlag(value: unknown, { body }: Call): boolean | undefined {
  const [yes, no] = body.type === 'form' ? ['true', 'false'] : [true, false];
  return value === yes || value === no ? value === yes : undefined;
}

const MISSING_NAME: HttpResponse = errorResponse(400, 300, 'Missing field: name');

export function createImGroup(call: Call): HttpResponse {
  if (call.body.fields.name === '') return MISSING_NAME;
  const fields = parseFields(call, ['form', 'json'], FIELDS);
  if (isResponse(fields)) return fields;
  const { name } = fields;
  if (name === undefined) return MISSING_NAME;
  if (call.groups.hasName(name)) return nameInUse(name);
  // The documented response of a create has no type.
  const { type: _, ...created } = formatGroup(call, call.groups.create({ ...fields, name }));
  return { status: 201, body: created };
}

export function updateImGroup(call: Call, group: Group): HttpResponse {
  const fields = parseFields(call, ['form', 'json'], FIELDS);
  if (isResponse(fields)) return fields;
  const { name } = fields;
  if (name !== undefined && name !== group.name && call.groups.hasName(name)) return nameInUse(name);
  call.groups.update(group.id, fields);
  return { status: 204 };
}

export function getImGroup(call: Call, group: Group): HttpResponse {
  return { status: 200, body: formatGroup(call, group) };
}

export function deleteGroup(call: Call, group: Group): HttpResponse {
  call.groups.remove(group.id);
  return { status: 204 };
}

/** All groups in one response: the documented call has no pages. */
export function listImGroups(call: Call): HttpResponse {
  const groups = call.groups.all(call.listLagMs).map((group) => formatGroup(call, group));
  return { status: 200, body: { total_records: groups.length, groups } };
}

export function missingImGroup(id: string): HttpResponse {
  return errorResponse(404, 4130, `Group does not exist:${id}.`);
}

function nameInUse(name: string): HttpResponse {
  return errorResponse(409, 4132, `Group name ${name} is already in use.`);
}

function formatGroup({ groups, faults }: Call, { description: _, ...group }: Group) {
  return faults.has('no-member-count') ? group : { ...group, total_members: groups.memberCount(group.id) };
}

/** @param fields by their names in the request */
export function parseFields(
  call: Call,
  accepted: readonly RequestBody['type'][],
  fields: ReadonlyMap<string, Field>,
): GroupFields | HttpResponse {
  const rejection = rejectBody(call.body, accepted);
  if (rejection) return rejection;
  const errors: FieldError[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(call.body.fields)) {
    const field = fields.get(name);
    const setting = field?.parse(value, call);
    if (field && setting !== undefined) parsed[field.setting] = setting;
    else errors.push({ field: name, message: field?.must ?? 'Unknown field.' });
  }
  return errors.length > 0 ? validationError(errors) : parsed;
}
