/** The calls of the IM directory groups: what is asked is checked strictly, and answered in Zoom's words. */
import { type Answer, type FieldError, invalid, problem } from './answer.js';
import type { Fields, One, Store } from './group-store.js';
import { type Sent, unreadable } from './wire.js';

const TYPES = ['normal', 'shared', 'restricted'];
const FLAGS = ['search_by_domain', 'search_by_account', 'search_by_ma_account'];
const NAME_LENGTH_MAX = 128;

export function createIm(store: Store, sent: Sent): Answer {
  const read = imFields(sent);
  if ('status' in read) return read;
  if (read.name === undefined) return problem(400, 300, 'Missing field: name');
  if (store.hasName(read.name)) return taken(read.name);
  return { status: 201, body: imBody(store.create({ ...read, name: read.name })) };
}

export function updateIm(store: Store, one: One, sent: Sent): Answer {
  const read = imFields(sent);
  if ('status' in read) return read;
  if (read.name !== undefined && read.name !== one.name && store.hasName(read.name)) return taken(read.name);
  store.update(one.id, read);
  return { status: 204 };
}

export function getIm(one: One): Answer {
  return { status: 200, body: { ...imBody(one), type: one.type } };
}

/** All at once: the documented call has no pages. */
export function listIm(store: Store): Answer {
  const groups = store.all().map((one) => ({ ...imBody(one), type: one.type }));
  return { status: 200, body: { total_records: groups.length, groups } };
}

const MEMBERS_MAX = 10;

/** Each member has an id or an address. */
export function addMembers(store: Store, one: One, sent: Sent): Answer {
  const refusal = unreadable(sent, ['json']);
  if (refusal) return refusal;
  const { members } = sent.fields;
  const names = Array.isArray(members) ? members.map(memberName) : [];
  if (names.length < 1 || names.length > MEMBERS_MAX || names.includes(undefined)) {
    return invalid([
      { field: 'members', message: `Must be 1 to ${MEMBERS_MAX} members with an id or email.` },
    ]);
  }
  store.update(one.id, { total_members: one.total_members + names.length });
  return { status: 201, body: { ids: names.join(','), added_at: new Date().toISOString() } };
}

function memberName(member: unknown): string | undefined {
  if (typeof member !== 'object' || member === null) return undefined;
  const { id, email }: { id?: unknown; email?: unknown } = member;
  const name = id ?? email;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function taken(name: string): Answer {
  return problem(409, 4132, `Group name ${name} is already in use.`);
}

/** The documented answer to a create has no type. */
function imBody(one: One): object {
  const { id, name, total_members, search_by_domain, search_by_account, search_by_ma_account } = one;
  return { id, name, total_members, search_by_domain, search_by_account, search_by_ma_account };
}

/** What a body asks for, or what is wrong with it. */
function imFields(sent: Sent): Partial<Fields> | Answer {
  const refusal = unreadable(sent, ['form', 'json']);
  if (refusal) return refusal;
  if (sent.fields.name === '') return problem(400, 300, 'Missing field: name');
  const errors: FieldError[] = [];
  const clean: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(sent.fields)) {
    const read = imField(field, value, sent.kind === 'form');
    if ('error' in read) errors.push({ field, message: read.error });
    else clean[field] = read.value;
  }
  return errors.length > 0 ? invalid(errors) : clean;
}

type Read = { readonly value: unknown } | { readonly error: string };

/** In a form every value is a word. */
function imField(field: string, value: unknown, isForm: boolean): Read {
  if (field === 'name') return nameOf(value);
  if (field === 'type') {
    return TYPES.some((type) => type === value)
      ? { value }
      : { error: `Must be one of ${TYPES.join(', ')}.` };
  }
  if (!FLAGS.includes(field)) return { error: 'Unknown field.' };
  if (isForm && (value === 'true' || value === 'false')) return { value: value === 'true' };
  return !isForm && typeof value === 'boolean' ? { value } : { error: 'Must be a boolean.' };
}

/** A group's name, trimmed, as both APIs want it. */
export function nameOf(value: unknown): { readonly value: string } | { readonly error: string } {
  const fits = typeof value === 'string' && value.trim() !== '' && [...value].length <= NAME_LENGTH_MAX;
  return fits
    ? { value: value.trim() }
    : { error: `Must be a string of 1 to ${NAME_LENGTH_MAX} characters.` };
}
