/** The calls of contact groups, the IM groups' successor: the same directory in other words, JSON only. */
import { type Answer, type FieldError, invalid, problem } from './answer.js';
import type { Fields, One, Store } from './group-store.js';
import { nameOf } from './im-groups.js';
import { type Sent, unreadable } from './wire.js';

/** Inferred: 1 everyone sees and searches, 2 members see and everyone searches, 3 members only. */
const PRIVACY = ['shared', 'normal', 'restricted'] as const;

/** What the fields are called in a create. A change calls two of them otherwise. */
const CREATE_WORDS: Words = {
  group_name: 'name',
  group_privacy: 'type',
  description: 'description',
  group_members: 'total_members',
};
const UPDATE_WORDS: Words = { name: 'name', privacy: 'type', description: 'description' };

type Words = Readonly<Record<string, keyof Fields>>;

/** No name is taken here: none of the documented answers says so. */
export function createContact(store: Store, sent: Sent): Answer {
  const read = contactFields(sent, CREATE_WORDS);
  if ('status' in read) return read;
  if (read.name === undefined) return problem(400, 300, 'Missing field: group_name');
  return { status: 201, body: contactBody(store.create({ ...read, name: read.name })) };
}

export function updateContact(store: Store, one: One, sent: Sent): Answer {
  const read = contactFields(sent, UPDATE_WORDS);
  if ('status' in read) return read;
  store.update(one.id, read);
  return { status: 204 };
}

export function getContact(one: One): Answer {
  return { status: 200, body: contactBody(one) };
}

const PAGE_SIZE = 10;
const PAGE_SIZE_MAX = 50;

export function listContacts(store: Store, query: URLSearchParams): Answer {
  const size = Number(query.get('page_size') ?? PAGE_SIZE);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE_MAX) {
    return invalid([{ field: 'page_size', message: `Must be 1 to ${PAGE_SIZE_MAX}.` }]);
  }
  const token = query.get('next_page_token') ?? '';
  const from = token === '' ? 0 : Number(Buffer.from(token, 'base64url').toString() || Number.NaN);
  if (!Number.isInteger(from) || from < 0)
    return problem(400, 300, 'The next page token is invalid or expired.');
  const all = store.all();
  const to = from + size;
  const next = to < all.length ? Buffer.from(String(to)).toString('base64url') : '';
  const groups = all.slice(from, to).map(contactBody);
  return { status: 200, body: { groups, next_page_token: next, page_size: size, total_records: all.length } };
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

function contactFields(sent: Sent, words: Words): Partial<Fields> | Answer {
  const refusal = unreadable(sent, ['json']);
  if (refusal) return refusal;
  const errors: FieldError[] = [];
  const clean: Record<string, unknown> = {};
  for (const [word, value] of Object.entries(sent.fields)) {
    const field = Object.hasOwn(words, word) ? words[word] : undefined;
    const read = field === undefined ? { error: 'Unknown field.' } : contactField(field, value);
    if ('error' in read) errors.push({ field: word, message: read.error });
    else clean[field ?? word] = read.value;
  }
  return errors.length > 0 ? invalid(errors) : clean;
}

type Read = { readonly value: unknown } | { readonly error: string };

function contactField(field: keyof Fields, value: unknown): Read {
  if (field === 'name') return nameOf(value);
  if (field === 'type') {
    const type = typeof value === 'number' ? PRIVACY[value - 1] : undefined;
    return type ? { value: type } : { error: 'Must be 1, 2 or 3.' };
  }
  if (field === 'total_members') {
    return Array.isArray(value) ? { value: value.length } : { error: 'Must be an array.' };
  }
  return typeof value === 'string' ? { value } : { error: 'Must be a string.' };
}
