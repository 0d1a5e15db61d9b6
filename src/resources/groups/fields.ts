/** The columns of a groups CSV: what they are called, and what their cells may hold. */

import { findInvisible } from '../../text/invisible-characters.js';
import type { Field } from '../../validation/header.js';
import type { Entry, Finding, FirstEntry, InputDefinition } from '../../validation/row.js';
import {
  type Definition,
  formatSettings,
  GROUP_TYPES,
  isGroupType,
  nameKey,
  parseSettings,
  type Settings,
} from './api/group.js';

/** What a row asks for. */
export type GroupItem = {
  readonly definition: Definition;
  /** The name of a group that is to be renamed, with `--update`. */
  readonly previousName?: string;
};

/** Zoom's limit. It does not specify what it counts; code points are closest to what users count. Doctor check `name-length`. */
const NAME_LENGTH_MAX = 128;
const DESCRIPTION_LENGTH_MAX = 128;

const FIELDS: readonly Field[] = [
  {
    name: 'name',
    aliases: ['group name', 'display name', 'group display name', 'im group', 'im group name'],
    required: true,
  },
  { name: 'type', aliases: ['group type'] },
  { name: 'search_by_domain', aliases: [] },
  { name: 'search_by_account', aliases: [] },
  { name: 'search_by_ma_account', aliases: ['search by master account'] },
  { name: 'description', aliases: [] },
  { name: 'previous_name', aliases: ['old name', 'previous group name'] },
];

/** @param hasDescription whether the API's groups have a description; without it the column is only carried along */
export function defineGroupInput(hasDescription: boolean): InputDefinition<GroupItem> {
  return {
    fields: FIELDS.filter(({ name }) => hasDescription || name !== 'description'),
    parse: (cell) => [parseEntry(cell, hasDescription)],
    findConflict,
  };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'y', '1', 'on'].map((word) => [word, true] as const),
  ...['false', 'no', 'n', '0', 'off'].map((word) => [word, false] as const),
]);

const SEARCH_FIELDS = [
  ['search_by_domain', 'searchByDomain'],
  ['search_by_account', 'searchByAccount'],
  ['search_by_ma_account', 'searchByMaAccount'],
] as const;

function parseEntry(cell: (field: string) => string | undefined, hasDescription: boolean): Entry<GroupItem> {
  const findings: Finding[] = [];
  const read = (field: string): string => (cell(field) ?? '').trim();
  const name = read('name');
  const nameFinding = checkName(name, 'name');
  if (nameFinding) findings.push(nameFinding);
  let settings: Settings = {};
  const type = read('type').toLowerCase();
  if (isGroupType(type)) settings = { ...settings, type };
  else if (type !== '') {
    const message = `type is one of ${GROUP_TYPES.join(', ')}, or empty`;
    findings.push({ rule: 'type-unknown', message, field: 'type' });
  }
  for (const [field, setting] of SEARCH_FIELDS) {
    const text = read(field).toLowerCase();
    if (text === '') continue;
    const value = BOOLEANS.get(text);
    if (value !== undefined) settings = { ...settings, [setting]: value };
    else {
      const message = `${field} takes true/false, yes/no, y/n, 1/0, on/off, or stays empty`;
      findings.push({ rule: 'boolean-unknown', message, field });
    }
  }
  const description = hasDescription ? read('description') : '';
  if (countCharacters(description) > DESCRIPTION_LENGTH_MAX) {
    const message = `a description has at most ${DESCRIPTION_LENGTH_MAX} characters`;
    findings.push({ rule: 'description-too-long', message, field: 'description' });
  } else if (description !== '') settings = { ...settings, description };
  const previousName = read('previous_name');
  const previousFinding = previousName === '' ? undefined : checkName(previousName, 'previous_name');
  if (previousFinding) findings.push(previousFinding);
  return {
    key: nameFinding ? '' : nameKey(name),
    fingerprint:
      (previousName === '' ? '' : `previous_name=${JSON.stringify(previousName)};`) +
      formatSettings(settings),
    name,
    item: { definition: { ...settings, name }, ...(previousName === '' ? {} : { previousName }) },
    findings,
  };
}

function countCharacters(text: string): number {
  // Most names need no array to see that they are short enough.
  return text.length <= NAME_LENGTH_MAX ? text.length : Array.from(text).length;
}

function checkName(name: string, field: string): Finding | undefined {
  if (name === '') return { rule: 'name-missing', message: 'the name is empty', field };
  if (countCharacters(name) > NAME_LENGTH_MAX) {
    const message = `the name has ${countCharacters(name)} characters; Zoom takes at most ${NAME_LENGTH_MAX}`;
    return { rule: 'name-too-long', message, field };
  }
  const invisible = findInvisible(name);
  if (invisible.length > 0) {
    const message = `the name contains ${invisible.slice(0, 5).join(', ')}: retype it`;
    return { rule: 'name-character', message, field };
  }
  if (nameKey(name) !== '') return undefined;
  return { rule: 'name-missing', message: 'the name has no visible character', field };
}

/** The settings that a fingerprint was made from. */
export function parseFingerprint(fingerprint: string): Settings {
  return parseSettings(fingerprint.replace(/^previous_name="(?:[^"\\]|\\.)*";/, ''));
}

function findConflict(
  { name, fingerprint, findings }: Entry<GroupItem>,
  first: FirstEntry,
): Finding | undefined {
  if (first.name !== name) {
    const message = `the name looks like ${JSON.stringify(first.name)} on line ${first.line}: write both the same way, or make them differ`;
    return { rule: 'name-lookalike', message, field: 'name' };
  }
  // A setting that cannot be read is reported as that.
  if (first.fingerprint === fingerprint || findings.length > 0) return undefined;
  const show = (text: string): string => (text === '' ? 'none' : text);
  const message = `line ${first.line} has the same name with other settings (${show(first.fingerprint)}; here ${show(fingerprint)}): keep one`;
  return { rule: 'name-conflict', message, field: 'name' };
}
