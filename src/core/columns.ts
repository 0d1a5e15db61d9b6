/** Which column of the file holds which field. */
import type { Columns } from './check.js';
import { SETTINGS, type Settings } from './group.js';
import type { Problem, Rule } from './problem.js';

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

function listed(header: readonly string[]): string {
  const found = header.map((cell) => cell.trim()).filter((cell) => cell !== '');
  return found.length === 0 ? 'none' : found.map((cell) => JSON.stringify(cell)).join(', ');
}

/**
 * Finds the fields' columns, or all that is wrong with the header. `map` (header to field, from `--map`)
 * goes before what the headers say. `description` is a field of contact groups only.
 */
export function readColumns(
  header: readonly string[],
  headerLine: number,
  map: Readonly<Record<string, string>>,
  api: 'im' | 'contacts' = 'im',
): { readonly columns: Columns } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const wrong = (rule: Rule, column: number, message: string, value: string): void => {
    problems.push({ line: headerLine, column, rule, message, value });
  };
  const all = new Map(ALIASES);
  const fields = new Map(ALIASES.filter(([, field]) => api === 'contacts' || field !== 'description'));
  const words = header.map(plain);
  const places = new Map<Field, number[]>();
  const put = (field: Field, at: number): void => {
    places.set(field, [...(places.get(field) ?? []), at]);
  };

  const mapped = new Set<number>();
  const mappedFields = new Set<Field>();
  for (const [column, word] of Object.entries(map)) {
    const field = all.get(plain(word));
    if (field === undefined) {
      const known = [...new Set(fields.values())].map(wordOf).join(', ');
      wrong('map-field-unknown', 1, `--map ${column}=${word}: the fields are ${known}`, word);
      continue;
    }
    const found = words.flatMap((header, at) => (header === plain(column) ? [at] : []));
    if (found.length === 0) {
      wrong(
        'map-column-missing',
        1,
        `--map names a column that is not there; found: ${listed(header)}`,
        column,
      );
    }
    mappedFields.add(field);
    for (const at of found) {
      mapped.add(at);
      if (field !== 'description' || api === 'contacts') put(field, at);
    }
  }

  words.forEach((word, at) => {
    const field = fields.get(word);
    const value = header[at] ?? '';
    if (mapped.has(at) || word === '') return;
    if (field !== undefined) {
      if (!mappedFields.has(field)) put(field, at);
      return;
    }
    const meant = typoOf(word, fields);
    if (meant === undefined) return;
    const name = wordOf(meant);
    wrong(
      'column-typo',
      at + 1,
      `the column looks like a typo of ${name}: rename it, or add --map "${value.trim()}=${name}"`,
      value,
    );
  });

  for (const [field, [, second]] of places) {
    if (second === undefined) continue;
    wrong(
      'column-twice',
      second + 1,
      `the file has two columns for ${wordOf(field)}; found: ${listed(header)}`,
      header[second] ?? '',
    );
  }
  const name = places.get('name')?.[0];
  if (name === undefined) {
    if (!mappedFields.has('name')) {
      const how = 'add one, or say which it is with --map "COLUMN=name"';
      wrong(
        'no-name-column',
        1,
        `the file has no name column: ${how}; found: ${listed(header)}`,
        header.join(' '),
      );
    }
    return { problems };
  }
  if (problems.length > 0) return { problems };
  const settings = SETTINGS.flatMap(([setting, word]) => {
    const at = places.get(setting)?.[0];
    return at === undefined ? [] : [{ setting, word, at }];
  });
  const needed = words.findLastIndex((word) => word !== '') + 1;
  return { columns: { name, settings, needed, width: header.length } };
}
