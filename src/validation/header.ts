/** Which column of the file holds which field. */

import { SETTINGS, type Settings } from '../resources/groups/group.js';
import type { Problem, Rule } from './problem.js';
import type { Columns } from './row.js';

type Field = 'name' | keyof Settings;

/** Headers that people write for a field, in their plain form. */
const ALIASES: readonly (readonly [string, Field])[] = [
  ['name', 'name'],
  ['groupname', 'name'],
  ['type', 'type'],
  ['grouptype', 'type'],
  ['searchbydomain', 'searchByDomain'],
  ['searchbyaccount', 'searchByAccount'],
  ['searchbymaaccount', 'searchByMaAccount'],
  ['searchbymasteraccount', 'searchByMaAccount'],
  ['description', 'description'],
];

/** A header without what does not count: case, spaces, dashes and underscores. */
function plain(header: string): string {
  return header
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Pd}_\p{Cf}]/gu, '');
}

/** Whether a header is a field's. */
export function isField(header: string): boolean {
  return ALIASES.some(([alias]) => alias === plain(header));
}

function wordOf(field: Field): string {
  return field === 'name' ? 'name' : (new Map<Field, string>(SETTINGS).get(field) ?? field);
}

/** How many letters must be put in, left out, replaced or swapped to turn one word into the other. */
function distance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}

/**
 * The field that a header was probably meant for. One letter in a short word, up to three in a long one;
 * a number makes it another column (`Name 2`), `search by …` can be nothing else.
 */
function typoOf(word: string, fields: ReadonlyMap<string, Field>): Field | undefined {
  if (word.length < 3 || /\d/.test(word)) return undefined;
  const near = [...fields]
    .map(([alias, field]) => ({ alias, field, apart: distance(word.slice(0, 40), alias) }))
    .sort((a, b) => a.apart - b.apart || b.alias.length - a.alias.length)[0];
  if (near === undefined) return undefined;
  const allowed = word.startsWith('searchby')
    ? Number.POSITIVE_INFINITY
    : Math.max(1, Math.floor(near.alias.length / 5));
  return near.apart <= allowed ? near.field : undefined;
}

/** A file that is no CSV may have a header of any length; who knows the file knows it by these. */
const LISTED_MAX = 50;
const LISTED_LENGTH_MAX = 60;

function listed(header: readonly string[]): string {
  const found = header.map((cell) => cell.trim()).filter((cell) => cell !== '');
  if (found.length === 0) return 'none';
  const named = found.slice(0, LISTED_MAX).map((cell) => {
    const start = Array.from(cell.slice(0, 2 * LISTED_LENGTH_MAX + 2));
    const isLong = start.length > LISTED_LENGTH_MAX;
    return JSON.stringify(isLong ? `${start.slice(0, LISTED_LENGTH_MAX).join('')}…` : cell);
  });
  const more = found.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

type Finding = Omit<Problem, 'line'>;

function finding(rule: Rule, column: number, message: string, value: string): Finding {
  return { column, rule, message, value };
}

/** The columns that `--map` names, from 0, with their fields. */
function readMap(header: readonly string[], map: Readonly<Record<string, string>>, problems: Finding[]) {
  const all = new Map(ALIASES);
  const columns = new Map<number, Field>();
  const fields = new Set<Field>();
  for (const [column, word] of Object.entries(map)) {
    const field = all.get(plain(word));
    if (field === undefined) {
      const known = [...new Set(all.values())].map(wordOf).join(', ');
      problems.push(
        finding('map-field-unknown', 1, `--map ${column}=${word}: the fields are ${known}`, word),
      );
      continue;
    }
    fields.add(field);
    const before = columns.size;
    for (const [at, cell] of header.entries()) if (plain(cell) === plain(column)) columns.set(at, field);
    if (columns.size > before) continue;
    const message = `--map names a column that is not there; found: ${listed(header)}`;
    problems.push(finding('map-column-missing', 1, message, column));
  }
  return { columns, fields };
}

/** What is wrong with the header as a whole: a field twice, or no name. */
function misplaced(
  header: readonly string[],
  places: ReadonlyMap<Field, readonly number[]>,
): readonly Finding[] {
  const found = `found: ${listed(header)}`;
  const twice = [...places].flatMap(([field, [, second]]) => {
    if (second === undefined) return [];
    const message = `the file has two columns for ${wordOf(field)}; ${found}`;
    return [finding('column-twice', second + 1, message, header[second] ?? '')];
  });
  if (places.has('name')) return twice;
  const message = `the file has no name column: add one, or say which it is with --map "COLUMN=name"; ${found}`;
  return [...twice, finding('no-name-column', 1, message, header.join(' '))];
}

/**
 * Finds the fields' columns, or all that is wrong with the header. `map` (header to field, from `--map`)
 * goes before what the headers say. `description` is a field of contact groups only.
 */
export function mapHeader(
  header: readonly string[],
  headerLine: number,
  map: Readonly<Record<string, string>>,
  api: 'im' | 'contacts' = 'im',
): { readonly columns: Columns } | { readonly problems: readonly Problem[] } {
  const problems: Finding[] = [];
  const fields = new Map(ALIASES.filter(([, field]) => api === 'contacts' || field !== 'description'));
  const mapped = readMap(header, map, problems);
  const unclear = problems.length > 0;
  const places = new Map<Field, number[]>();
  for (const [at, cell] of header.entries()) {
    const told = mapped.columns.get(at);
    const field = told ?? fields.get(plain(cell));
    if (field !== undefined) {
      if (told !== undefined || !mapped.fields.has(field))
        places.set(field, [...(places.get(field) ?? []), at]);
      continue;
    }
    const meant = typoOf(plain(cell), fields);
    if (meant === undefined) continue;
    const way = `rename it, or add --map "${cell.trim()}=${wordOf(meant)}"`;
    const message = `the column looks like a typo of ${wordOf(meant)}: ${way}`;
    problems.push(finding('column-typo', at + 1, message, cell));
  }
  // A column that --map named wrongly may have been the name: that is told already.
  problems.push(...misplaced(header, places).filter(({ rule }) => !(unclear && rule === 'no-name-column')));
  const name = places.get('name')?.[0];
  if (name === undefined || problems.length > 0) {
    return { problems: problems.map((problem) => ({ line: headerLine, ...problem })) };
  }
  const settings = SETTINGS.flatMap(([setting, word]) => {
    const at = places.get(setting)?.[0];
    return at === undefined || (setting === 'description' && api === 'im') ? [] : [{ setting, word, at }];
  });
  const needed = header.findLastIndex((cell) => plain(cell) !== '') + 1;
  return { columns: { name, settings, needed, width: header.length } };
}
