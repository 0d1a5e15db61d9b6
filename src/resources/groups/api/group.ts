/** What a group is: its settings, the key of its name, and how two groups differ. */
import { removeInvisible } from '../../../text/invisible-characters.js';

export const GROUP_TYPES = ['normal', 'shared', 'restricted'] as const;
export type GroupType = (typeof GROUP_TYPES)[number];

/** A setting that is absent is not managed: it is never sent and never counts as a difference. */
export type Settings = {
  readonly type?: GroupType;
  readonly searchByDomain?: boolean;
  readonly searchByAccount?: boolean;
  readonly searchByMaAccount?: boolean;
  readonly description?: string;
};

/** What a row asks for. */
export type Definition = Settings & {
  readonly name: string;
};

/** A group as Zoom has it. */
export type Group = Settings & {
  readonly id: string;
  readonly name: string;
  /** Absent if the response does not say: unknown is not empty. */
  readonly members?: number;
};

export type SettingName = keyof Settings;

/** Settings to change, and the name if it changes too. */
export type Change = Settings & { readonly name?: string };

export function isGroupType(value: unknown): value is GroupType {
  return GROUP_TYPES.some((type) => type === value);
}

/** The settings in the order of the CSV's columns, with their headers. */
export const SETTINGS: readonly (readonly [SettingName, string])[] = [
  ['type', 'type'],
  ['searchByDomain', 'search_by_domain'],
  ['searchByAccount', 'search_by_account'],
  ['searchByMaAccount', 'search_by_ma_account'],
  ['description', 'description'],
];

/** Printable ASCII with single blanks: nothing to fold but case. A shortcut for speed. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/**
 * The canonical form of a name: two names with one key look alike. Width and Unicode form
 * are folded by NFKC; lower, upper and lower case again fold the letters with two upper forms (ẞ) and
 * those with two lower forms (ς, ß).
 */
export function nameKey(name: string): string {
  if (PLAIN.test(name)) return name.toLowerCase();
  return removeInvisible(name.normalize('NFKC'))
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(/\s+/gu, ' ')
    .trim();
}

/**
 * The form in which a name is compared with Zoom's: trimmed and composed; case counts. Inferred: doctor checks
 * `name-case`, `name-outer-blanks`, `name-double-blanks` and `name-decomposed`.
 */
export function normalizeName(name: string): string {
  return name.trim().normalize('NFC');
}

/** The settings as one short text: equal texts ask for the same group settings. The journal keeps it. */
export function formatSettings(settings: Settings): string {
  let text = '';
  for (const [field, word] of SETTINGS) {
    const value = settings[field];
    if (value !== undefined) text += `${text === '' ? '' : ';'}${word}=${value}`;
  }
  return text;
}

/** Reads what `formatSettings` wrote. The description comes last, and may hold anything. */
export function parseSettings(text: string): Settings {
  const found: Record<string, string | boolean> = {};
  let rest = text;
  for (const [setting, word] of SETTINGS) {
    if (!rest.startsWith(`${word}=`)) continue;
    const [entry = ''] = setting === 'description' ? [rest] : rest.split(';');
    const value = entry.slice(word.length + 1);
    found[setting] = setting.startsWith('search') ? value === 'true' : value;
    rest = rest.slice(entry.length + 1);
  }
  return found;
}

export type Difference = {
  readonly setting: SettingName;
  readonly from: string | boolean | undefined;
  readonly to: string | boolean;
};

/** How Zoom's group differs from what is wanted; a setting that either side does not state never differs. */
export function findDifferences(wanted: Settings, actual: Settings): readonly Difference[] {
  return SETTINGS.flatMap(([setting]) => {
    const to = wanted[setting];
    const from = actual[setting];
    return to === undefined || from === undefined || from === to ? [] : [{ setting, from, to }];
  });
}

/** `differs: type normal → shared; search_by_domain true → false`, or `identical`. */
export function describeDifferences(found: readonly Difference[]): string {
  if (found.length === 0) return 'identical';
  const words = new Map<SettingName, string>(SETTINGS);
  return `differs: ${found.map((d) => `${words.get(d.setting)} ${d.from} → ${d.to}`).join('; ')}`;
}

/** How an existing group compares with what a row asks for: `identical`, or what differs, and how Zoom writes its name. */
export function compareWithGroup(wanted: Definition, group: Group, groupsOfThatName: number): string {
  const parts = [describeDifferences(findDifferences(wanted, group))];
  if (normalizeName(wanted.name) !== normalizeName(group.name)) {
    parts.push(`Zoom writes the name ${JSON.stringify(group.name)}`);
  }
  if (groupsOfThatName > 1) parts.push(`Zoom has ${groupsOfThatName} groups of this name`);
  return parts.join('; ');
}
