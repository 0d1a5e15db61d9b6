/** The columns of a members CSV: what they are called, and how their cells become memberships. */
import type { Field } from '../../validation/header.js';
import type { Entry, Finding, FirstEntry, InputDefinition, ValidatedRow } from '../../validation/row.js';
import { nameKey } from '../groups/api/group.js';
import { emailKey } from './api/members-api.js';
import type { MembersOptions } from './options.js';

/** What an entry asks for. */
export type MemberItem = {
  /** The group's name as the file has it. */
  readonly group: string;
  readonly email: string;
};

type InputOptions = Pick<MembersOptions, 'mode' | 'group' | 'split'>;

/** `name` comes last: beside a more specific column, it more likely holds names of people. */
const GROUP: Field = {
  name: 'group',
  aliases: ['group name', 'im group', 'im group name', 'contact group', 'user group', 'name'],
  required: true,
  takesFirst: true,
  alternative: 'use --group NAME',
};

/** The last three are what the bulk imports of Okta and of Microsoft Entra ID are called. */
const EMAIL: Field = {
  name: 'email',
  aliases: [
    'email address',
    'user email',
    'member email',
    'mail',
    'upn',
    'user principal name',
    'user',
    'username',
    'member',
    'members',
    'login',
    'userIdOrLogin',
    'memberObjectIdOrUpn',
    'Member object ID or user principal name [memberObjectIdOrUpn] Required',
  ],
  required: true,
  takesFirst: true,
};

/** In a column called `members`. */
const MEMBERS_SEPARATOR = /[;,\r\n]/;

/** RFC 5321 allows 254 characters. */
const EMAIL_LENGTH_MAX = 254;

const KEY_SEPARATOR = '\u0000';

export function defineMemberInput(options: InputOptions): InputDefinition<MemberItem> {
  return {
    // With --group, a column such as `name` is about people.
    fields: options.group === undefined ? [GROUP, EMAIL] : [EMAIL],
    parse: (cell, header) => parseEntries(cell, header, options),
    findConflict,
    shardKey: findShardKey,
    describeExtra: (name) => ({ ...parseMembershipName(name) }),
  };
}

function parseEntries(
  cell: (field: string) => string | undefined,
  header: (field: string) => string | undefined,
  { mode, group: fixed, split }: InputOptions,
): readonly Entry<MemberItem>[] {
  const groups = fixed === undefined ? splitCell(cell('group') ?? '', split) : [fixed.trim()];
  const isList = header('email')?.toLowerCase() === 'members';
  const emails = splitCell(cell('email') ?? '', isList ? MEMBERS_SEPARATOR : split);
  return groups.flatMap((group) =>
    emails.map((email) => toEntry(group, email, mode === 'remove' ? 'remove' : 'add')),
  );
}

/** The entries of a cell. A list may be empty; a cell that is no list always has one entry. */
function splitCell(text: string, separator: string | RegExp | undefined): readonly string[] {
  if (separator === undefined) return [text.trim()];
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function toEntry(group: string, email: string, operation: 'add' | 'remove'): Entry<MemberItem> {
  const findings = [checkGroup(group), checkEmail(email)].filter((finding) => finding !== undefined);
  return {
    key: findings.length > 0 ? '' : membershipKey(group, email),
    fingerprint: toFingerprint(operation),
    name: nameMembership(group, email),
    item: { group, email },
    findings,
  };
}

function checkGroup(group: string): Finding | undefined {
  if (nameKey(group) !== '') return undefined;
  return { rule: 'group-missing', message: 'the row names no group', field: 'group' };
}

function checkEmail(email: string): Finding | undefined {
  const field = 'email';
  if (email === '') return { rule: 'email-missing', message: 'the row has no e-mail address', field };
  if (!email.includes('@')) {
    const message = 'not an e-mail address: export addresses or user principal names, not object ids';
    return { rule: 'email-invalid', message, field };
  }
  if (email.length <= EMAIL_LENGTH_MAX && /^[^\s\p{Cc}\p{Cf}@,;<>]+@[^\s\p{Cc}\p{Cf}@,;<>]+$/u.test(email)) {
    return undefined;
  }
  const message = 'not an e-mail address; if the cell is a list, name its separator with --split';
  return { rule: 'email-invalid', message, field };
}

function findConflict({ item }: Entry<MemberItem>, first: FirstEntry): Finding | undefined {
  const group = parseMembershipName(first.name)?.group;
  if (group === undefined || group === item.group) return undefined;
  const message = `the group looks like ${JSON.stringify(group)} on line ${first.line}: write both the same way, or make them differ`;
  return { rule: 'name-lookalike', message, field: 'group' };
}

/** The rows of one group stay together, also those that are invalid as far as they name a group. */
function findShardKey(row: ValidatedRow<MemberItem>): string {
  return row.type === 'invalid'
    ? nameKey(parseMembershipName(row.name)?.group ?? row.name)
    : parseMembershipKey(row.key).group;
}

/** What a row asks for beside its membership: nothing, or that it ends. */
export function toFingerprint(operation: 'add' | 'remove'): string {
  return operation === 'add' ? '' : operation;
}

/** @param member an e-mail address, or the id of a user whose address is unknown */
export function membershipKey(group: string, member: string): string {
  return `${nameKey(group)}${KEY_SEPARATOR}${emailKey(member)}`;
}

/** The canonical group name of a membership's key, and its member. */
export function parseMembershipKey(key: string): { readonly group: string; readonly member: string } {
  const at = key.indexOf(KEY_SEPARATOR);
  return { group: key.slice(0, at), member: key.slice(at + 1) };
}

/** A membership in messages: `jane@example.com in Sales`. */
export function nameMembership(group: string, member: string): string {
  return `${member} in ${group}`;
}

export function parseMembershipName(name: string): MemberItem | undefined {
  const [, email, group] = /^(\S*) in (.*)$/s.exec(name) ?? [];
  return email === undefined || group === undefined ? undefined : { group, email };
}
