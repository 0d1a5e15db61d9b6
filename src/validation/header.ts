/** Which column of the file holds which field. */
import { removeInvisible } from '../text/invisible-characters.js';
import type { Problem, Rule } from './problem.js';

/** One field that a resource reads from a file. */
export type Field = {
  /** Its name in the CSV, such as `search_by_domain`. */
  readonly name: string;
  /** Other headers for it, in order of preference. */
  readonly aliases: readonly string[];
  readonly required?: true;
  /** How else the user can say it, if the file has no such column: `use --group NAME`. */
  readonly alternative?: string;
  /** If several columns could be this field, the first alias wins and the others are not used. */
  readonly takesFirst?: true;
};

/** Which column holds which field. */
export type Columns = {
  readonly fields: ReadonlyMap<string, { /** from 0 */ readonly index: number; readonly header: string }>;
  /** Headers of columns that are carried to the results and not used. */
  readonly unused: readonly string[];
  /** How many cells a row needs: up to the last header cell that is not blank. */
  readonly needed: number;
  /** How many header cells there are. */
  readonly width: number;
};

/** A header without what does not count: case, spaces, dashes and underscores. */
function toPlain(header: string): string {
  const plain = header
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Pd}_]/gu, '');
  return removeInvisible(plain);
}

/** Whether a header could be one of these fields. */
export function isHeaderOf(fields: readonly Field[], header: string): boolean {
  return indexAliases(fields).has(toPlain(header));
}

/** Every way to write a field's header, in its plain form. */
function indexAliases(fields: readonly Field[]): ReadonlyMap<string, Field> {
  return new Map(
    fields.flatMap((field) =>
      [field.name, ...field.aliases].map((alias) => [toPlain(alias), field] as const),
    ),
  );
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
function findTypo(word: string, aliases: ReadonlyMap<string, Field>): Field | undefined {
  if (word.length < 3 || /\d/.test(word)) return undefined;
  const near = [...aliases]
    .map(([alias, field]) => ({ alias, field, apart: distance(word.slice(0, 40), alias) }))
    .sort((a, b) => a.apart - b.apart || b.alias.length - a.alias.length)[0];
  if (near === undefined) return undefined;
  const allowed =
    word.startsWith('searchby') && near.alias.startsWith('searchby')
      ? Number.POSITIVE_INFINITY
      : Math.max(1, Math.floor(near.alias.length / 5));
  return near.apart <= allowed ? near.field : undefined;
}

/** A file that is no CSV may have a header of any length; these are enough to recognise the file. */
const LISTED_MAX = 50;
const LISTED_LENGTH_MAX = 60;

function listHeaders(header: readonly string[]): string {
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

/** The columns that `--map` names, from 0, with their fields; undefined for a column that is to be ignored. */
function applyMap(
  header: readonly string[],
  map: Readonly<Record<string, string>>,
  fields: readonly Field[],
  problems: Finding[],
): ReadonlyMap<number, Field | undefined> {
  const aliases = indexAliases(fields);
  const columns = new Map<number, Field | undefined>();
  for (const [column, word] of Object.entries(map)) {
    const field = word.trim() === '' ? undefined : aliases.get(toPlain(word));
    if (field === undefined && word.trim() !== '') {
      const known = fields.map(({ name }) => name).join(', ');
      problems.push(
        finding('map-field-unknown', 1, `--map ${column}=${word}: the fields are ${known}`, word),
      );
      continue;
    }
    const matches = [...header.entries()].filter(([, cell]) => toPlain(cell) === toPlain(column));
    for (const [at] of matches) columns.set(at, field);
    if (matches.length > 0) continue;
    const message = `--map names a column that does not exist; found: ${listHeaders(header)}`;
    problems.push(finding('map-column-missing', 1, message, column));
  }
  return columns;
}

/** `a, or b`; `a, b, or c`. */
function joinWithOr(ways: readonly string[]): string {
  return `${ways.slice(0, -1).join(', ')}, or ${ways.at(-1)}`;
}

/** What is wrong with the header as a whole: a field twice, or a required one missing. */
function findMisplaced(
  header: readonly string[],
  fields: readonly Field[],
  places: ReadonlyMap<Field, readonly number[]>,
): readonly Finding[] {
  const found = `found: ${listHeaders(header)}`;
  return fields.flatMap((field) => {
    const [first, second] = places.get(field) ?? [];
    if (first === undefined && field.required) {
      const ways = [
        'add one',
        `name it with --map "COLUMN=${field.name}"`,
        ...(field.alternative === undefined ? [] : [field.alternative]),
      ];
      const message = `the file has no ${field.name} column: ${joinWithOr(ways)}; ${found}`;
      return [finding(field.name === 'name' ? 'no-name-column' : 'no-column', 1, message, header.join(' '))];
    }
    if (second === undefined) return [];
    const message = `the file has two columns for ${field.name}; ${found}`;
    return [finding('column-twice', second + 1, message, header[second] ?? '')];
  });
}

/** Of several columns for a field that takes the first, the one with the preferred header. */
function chooseColumns(
  field: Field,
  places: readonly number[],
  header: readonly string[],
): readonly number[] {
  if (!field.takesFirst || places.length < 2) return places;
  const order = [field.name, ...field.aliases].map(toPlain);
  const rank = (at: number): number => order.indexOf(toPlain(header[at] ?? ''));
  return [...places].sort((a, b) => rank(a) - rank(b)).slice(0, 1);
}

/**
 * Finds the fields' columns, or all that is wrong with the header. `map` (header to field, from `--map`) goes before
 * what the headers say.
 */
export function mapHeader(
  header: readonly string[],
  headerLine: number,
  map: Readonly<Record<string, string>>,
  fields: readonly Field[],
): { readonly columns: Columns } | { readonly problems: readonly Problem[] } {
  const problems: Finding[] = [];
  const aliases = indexAliases(fields);
  const mapped = applyMap(header, map, fields, problems);
  const mappedFields = new Set(mapped.values());
  const isMapWrong = problems.length > 0;
  const places = new Map<Field, readonly number[]>();
  for (const [at, cell] of header.entries()) {
    if (mapped.has(at) && mapped.get(at) === undefined) continue;
    const field = mapped.get(at) ?? aliases.get(toPlain(cell));
    if (field !== undefined) {
      if (mapped.has(at) || !mappedFields.has(field)) places.set(field, [...(places.get(field) ?? []), at]);
      continue;
    }
    const meant = findTypo(toPlain(cell), aliases);
    if (meant === undefined) continue;
    const way = `rename it, or add --map "${cell.trim()}=${meant.name}" (or --map "${cell.trim()}=" to ignore it)`;
    const message = `the column looks like a typo of ${meant.name}: ${way}`;
    problems.push(finding('column-typo', at + 1, message, cell));
  }
  for (const [field, found] of places) places.set(field, chooseColumns(field, found, header));
  // If --map named a column wrongly, it may have been the missing one: that is reported already.
  problems.push(
    ...findMisplaced(header, fields, places).filter(({ rule }) => !(isMapWrong && /^no-/.test(rule))),
  );
  if (problems.length > 0) {
    return { problems: problems.map((problem) => ({ line: headerLine, ...problem })) };
  }
  const found = new Map(
    fields.flatMap((field) => {
      const index = places.get(field)?.[0];
      return index === undefined
        ? []
        : [[field.name, { index, header: (header[index] ?? '').trim() }] as const];
    }),
  );
  const used = new Set([...found.values()].map(({ index }) => index));
  const unused = header.filter((cell, at) => !used.has(at) && cell.trim() !== '').map((cell) => cell.trim());
  const needed = header.findLastIndex((cell) => toPlain(cell) !== '') + 1;
  return { columns: { fields: found, unused, needed, width: header.length } };
}
