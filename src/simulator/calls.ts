/** Zoom's calls about groups, of both APIs: what is asked is checked strictly, and answered in Zoom's words. */
import type { SimulatedGroup, Store } from './directory.js';
import type { Label } from './limits.js';

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A call's body, as far as it could be read: its media type and its fields, each still as it was sent. */
export type Sent = {
  readonly kind: 'json' | 'form' | 'none' | 'other' | 'broken';
  readonly fields: Readonly<Record<string, unknown>>;
};

/** A call that was found for a request. `act` is only called when the limits admit it. */
export type Found = {
  readonly label: Label;
  readonly touches: 'write' | 'list' | 'other';
  readonly isIm: boolean;
  readonly act: () => Answer;
};

export function problem(status: number, code: number, message: string, errors?: readonly object[]): Answer {
  return { status, body: { code, message, ...(errors ? { errors } : {}) } };
}

/** Finds the call for a request; an answer where there is none. */
export function findCall(store: Store, method: string, url: URL, sent: Sent): Found | Answer {
  const [, api, id, members] =
    /^\/v2\/(im|contacts)\/groups(?:\/([^/]+))?(\/members)?$/.exec(url.pathname) ?? [];
  if (api === undefined) return problem(404, 404, 'This API endpoint is not recognized.');
  const isIm = api === 'im';
  const calls = isIm ? imCalls(store, id, sent) : contactCalls(store, id, sent, url.searchParams);
  const key = `${method} ${id === undefined ? 'all' : members === undefined ? 'one' : 'members'}`;
  const found = calls[key];
  if (!found) return problem(405, 405, `Request method '${method}' is not supported.`);
  return { ...found, isIm };
}

type Calls = Readonly<Record<string, Omit<Found, 'isIm'>>>;

function imCalls(store: Store, id: string | undefined, sent: Sent): Calls {
  const groupId = decodeURIComponent(id ?? '');
  return {
    'POST all': { label: 'light', touches: 'write', act: () => createIm(store, sent) },
    'GET all': { label: 'medium', touches: 'list', act: () => listIm(store) },
    'GET one': {
      label: 'light',
      touches: 'other',
      act: () => withGroup(store, groupId, (one) => ({ status: 200, body: imBody(one, true) })),
    },
    'PATCH one': {
      label: 'light',
      touches: 'write',
      act: () => withGroup(store, groupId, (one) => updateIm(store, one, sent)),
    },
    'DELETE one': {
      label: 'light',
      touches: 'write',
      act: () => withGroup(store, groupId, () => removed(store, groupId)),
    },
    'POST members': {
      label: 'medium',
      touches: 'other',
      act: () => withGroup(store, groupId, (one) => addMembers(store, one, sent)),
    },
  };
}

function contactCalls(store: Store, id: string | undefined, sent: Sent, query: URLSearchParams): Calls {
  const groupId = decodeURIComponent(id ?? '');
  return {
    'POST all': { label: 'heavy', touches: 'write', act: () => createContact(store, sent) },
    'GET all': { label: 'medium', touches: 'list', act: () => listContacts(store, query) },
    'GET one': {
      label: 'light',
      touches: 'other',
      act: () => withGroup(store, groupId, (one) => ({ status: 200, body: contactBody(one) })),
    },
    'PATCH one': {
      label: 'light',
      touches: 'write',
      act: () => withGroup(store, groupId, (one) => updateContact(store, one, sent)),
    },
    'DELETE one': {
      label: 'light',
      touches: 'write',
      act: () => withGroup(store, groupId, () => removed(store, groupId)),
    },
  };
}

type One = Required<SimulatedGroup>;

function withGroup(store: Store, id: string, act: (one: One) => Answer): Answer {
  const one = store.get(id);
  return one ? act(one) : problem(404, 4130, `Group does not exist:${id}.`);
}

function removed(store: Store, id: string): Answer {
  store.remove(id);
  return { status: 204 };
}

type FieldError = { readonly field: string; readonly message: string };

function invalid(errors: readonly FieldError[]): Answer {
  return problem(400, 300, 'Validation Failed.', errors);
}

const IM_TYPES = ['normal', 'shared', 'restricted'];
const IM_FIELDS = ['name', 'type', 'search_by_domain', 'search_by_account', 'search_by_ma_account'];

/** What an IM body asks for, or what is wrong with it. In a form every value is a word. */
function imFields(
  sent: Sent,
  creating: boolean,
): { readonly fields: Partial<SimulatedGroup> } | { readonly answer: Answer } {
  if (sent.kind === 'other') return { answer: problem(415, 415, 'Unsupported Media Type') };
  if (sent.kind === 'broken')
    return { answer: problem(400, 300, 'Request Body should be a valid JSON object.') };
  const { fields } = sent;
  if (creating && (fields.name === undefined || fields.name === ''))
    return { answer: problem(400, 300, 'Missing field: name') };
  const errors: FieldError[] = [];
  const clean: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(fields)) {
    const read = imField(field, value, sent.kind === 'form');
    if ('error' in read) errors.push({ field, message: read.error });
    else clean[field] = read.value;
  }
  return errors.length > 0 ? { answer: invalid(errors) } : { fields: clean };
}

function imField(
  field: string,
  value: unknown,
  isForm: boolean,
): { readonly value: unknown } | { readonly error: string } {
  if (!IM_FIELDS.includes(field)) return { error: 'Unknown field.' };
  if (field === 'name') {
    const fits = typeof value === 'string' && value.trim() !== '' && [...value].length <= 128;
    return fits ? { value: value.trim() } : { error: 'Must be a string of 1 to 128 characters.' };
  }
  if (field === 'type') {
    return IM_TYPES.some((type) => type === value)
      ? { value }
      : { error: `Must be one of ${IM_TYPES.join(', ')}.` };
  }
  if (isForm && (value === 'true' || value === 'false')) return { value: value === 'true' };
  return !isForm && typeof value === 'boolean' ? { value } : { error: 'Must be a boolean.' };
}

function createIm(store: Store, sent: Sent): Answer {
  const read = imFields(sent, true);
  if ('answer' in read) return read.answer;
  const name = String(read.fields.name);
  if (store.hasName(name)) return problem(409, 4132, `Group name ${name} is already in use.`);
  return { status: 201, body: imBody(store.create({ ...read.fields, name }), false) };
}

function updateIm(store: Store, one: One, sent: Sent): Answer {
  const read = imFields(sent, false);
  if ('answer' in read) return read.answer;
  const { name } = read.fields;
  if (name !== undefined && name !== one.name && store.hasName(name)) {
    return problem(409, 4132, `Group name ${name} is already in use.`);
  }
  store.update(one.id, read.fields);
  return { status: 204 };
}

/** The documented answer to a create has no type. */
function imBody(one: One, withType: boolean): object {
  const { id, name, type, total_members, search_by_domain, search_by_account, search_by_ma_account } = one;
  const rest = { total_members, search_by_domain, search_by_account, search_by_ma_account };
  return { id, name, ...rest, ...(withType ? { type } : {}) };
}

function listIm(store: Store): Answer {
  const groups = store.all().map((one) => imBody(one, true));
  return { status: 200, body: { total_records: groups.length, groups } };
}

/** Ten at most, each with an id or an address. */
function addMembers(store: Store, one: One, sent: Sent): Answer {
  const { members } = sent.fields;
  const fits =
    Array.isArray(members) &&
    members.length >= 1 &&
    members.length <= 10 &&
    members.every(
      (member) => typeof member === 'object' && member !== null && ('id' in member || 'email' in member),
    );
  if (sent.kind !== 'json' || !fits)
    return invalid([{ field: 'members', message: 'Must be 1 to 10 members.' }]);
  store.update(one.id, { total_members: one.total_members + members.length });
  const ids = members.map((member: { id?: string; email?: string }) => member.id ?? member.email).join(',');
  return { status: 201, body: { ids, added_at: new Date().toISOString() } };
}

/** 1 everyone, 2 members see and everyone searches, 3 members only. */
const PRIVACY = ['shared', 'normal', 'restricted'] as const;

type ContactWords = { readonly name: string; readonly privacy: string };
const CREATE_WORDS: ContactWords = { name: 'group_name', privacy: 'group_privacy' };
const UPDATE_WORDS: ContactWords = { name: 'name', privacy: 'privacy' };

function contactFields(
  sent: Sent,
  words: ContactWords,
): { readonly fields: Partial<SimulatedGroup> } | { readonly answer: Answer } {
  if (sent.kind !== 'json') {
    if (sent.kind === 'broken')
      return { answer: problem(400, 300, 'Request Body should be a valid JSON object.') };
    return { answer: problem(415, 415, 'Unsupported Media Type') };
  }
  const errors: FieldError[] = [];
  const clean: { name?: string; type?: (typeof PRIVACY)[number]; description?: string } = {};
  for (const [field, value] of Object.entries(sent.fields)) {
    if (
      field === words.name &&
      typeof value === 'string' &&
      value.trim() !== '' &&
      [...value].length <= 128
    ) {
      clean.name = value.trim();
    } else if (field === words.privacy && typeof value === 'number' && PRIVACY[value - 1]) {
      clean.type = PRIVACY[value - 1] ?? 'normal';
    } else if (field === 'description' && typeof value === 'string') {
      clean.description = value;
    } else if (field !== 'group_members' || words !== CREATE_WORDS) {
      errors.push({ field, message: 'Invalid field.' });
    }
  }
  return errors.length > 0 ? { answer: invalid(errors) } : { fields: clean };
}

function createContact(store: Store, sent: Sent): Answer {
  const read = contactFields(sent, CREATE_WORDS);
  if ('answer' in read) return read.answer;
  const { name } = read.fields;
  if (name === undefined) return problem(400, 300, 'Missing field: group_name');
  return { status: 201, body: contactBody(store.create({ ...read.fields, name })) };
}

function updateContact(store: Store, one: One, sent: Sent): Answer {
  const read = contactFields(sent, UPDATE_WORDS);
  if ('answer' in read) return read.answer;
  store.update(one.id, read.fields);
  return { status: 204 };
}

function contactBody(one: One): object {
  return {
    group_id: one.id,
    group_name: one.name,
    total_members: one.total_members,
    group_privacy: PRIVACY.indexOf(one.type) + 1,
    description: one.description,
  };
}

const PAGE_MAX = 50;

function listContacts(store: Store, query: URLSearchParams): Answer {
  const size = Number(query.get('page_size') ?? 10);
  if (!(size >= 1 && size <= PAGE_MAX))
    return invalid([{ field: 'page_size', message: `Must be 1 to ${PAGE_MAX}.` }]);
  const token = query.get('next_page_token') ?? '';
  const from = token === '' ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(from) || from < 0)
    return problem(400, 300, 'The next page token is invalid or expired.');
  const all = store.all();
  const next = from + size < all.length ? Buffer.from(String(from + size)).toString('base64url') : '';
  const groups = all.slice(from, from + size).map(contactBody);
  return { status: 200, body: { groups, next_page_token: next, page_size: size, total_records: all.length } };
}
