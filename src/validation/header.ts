/** Which column of the file holds which field. */
import { removeInvisible } from '../text/invisible-characters.js';
import { cutText, type Problem, type Rule } from './problem.js';

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
  const named = found.slice(0, LISTED_MAX).map((cell) => JSON.stringify(cutText(cell, LISTED_LENGTH_MAX)));
  const more = found.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

type Report = (rule: Rule, column: number, message: string, value: string) => void;

/** The columns that `--map` names, from 0, with their fields; undefined for a column that is to be ignored. */
function applyMap(
  header: readonly string[],
  map: Readonly<Record<string, string>>,
  aliases: ReadonlyMap<string, Field>,
  report: Report,
): ReadonlyMap<number, Field | undefined> {
  const columns = new Map<number, Field | undefined>();
  for (const [column, word] of Object.entries(map)) {
    const isIgnored = word.trim() === '';
    const field = isIgnored ? undefined : aliases.get(toPlain(word));
    if (!isIgnored && field === undefined) {
      const known = [...new Set(aliases.values())].map(({ name }) => name).join(', ');
      report('map-field-unknown', 1, `--map ${column}=${word}: the fields are ${known}`, word);
      continue;
    }
    const matches = [...header.entries()].filter(([, cell]) => toPlain(cell) === toPlain(column));
    for (const [at] of matches) columns.set(at, field);
    if (matches.length > 0) continue;
    const message = `--map names a column that does not exist; found: ${listHeaders(header)}`;
    report('map-column-missing', 1, message, column);
  }
  return columns;
}

function reportMissing(field: Field, header: readonly string[], report: Report): void {
  const ways = ['add one', `name it with --map "COLUMN=${field.name}"`];
  const last = field.alternative ?? ways.pop();
  const message = `the file has no ${field.name} column: ${ways.join(', ')}, or ${last}; found: ${listHeaders(header)}`;
  report(field.name === 'name' ? 'no-name-column' : 'no-column', 1, message, header.join(' '));
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
  const problems: Problem[] = [];
  const report: Report = (rule, column, message, value) =>
    void problems.push({ line: headerLine, column, rule, message, value });
  const aliases = indexAliases(fields);
  const mapped = applyMap(header, map, aliases, report);
  const isMapWrong = problems.length > 0;
  const mappedFields = new Set(mapped.values());
  const places = new Map<Field, number[]>(fields.map((field) => [field, []]));
  for (const [at, cell] of header.entries()) {
    const plain = toPlain(cell);
    const field = mapped.has(at) ? mapped.get(at) : aliases.get(plain);
    if (field && (mapped.has(at) || !mappedFields.has(field))) places.get(field)?.push(at);
    if (field || mapped.has(at)) continue;
    const meant = findTypo(plain, aliases);
    if (meant === undefined) continue;
    const way = `rename it, or add --map "${cell.trim()}=${meant.name}" (or --map "${cell.trim()}=" to ignore it)`;
    report('column-typo', at + 1, `the column looks like a typo of ${meant.name}: ${way}`, cell);
  }
  const found = new Map<string, { readonly index: number; readonly header: string }>();
  for (const [field, all] of places) {
    const [first, second] = chooseColumns(field, all, header);
    if (first !== undefined) found.set(field.name, { index: first, header: (header[first] ?? '').trim() });
    // If --map named a column wrongly, it may have been the missing one: that is reported already.
    else if (field.required && !isMapWrong) reportMissing(field, header, report);
    if (second === undefined) continue;
    const message = `the file has two columns for ${field.name}; found: ${listHeaders(header)}`;
    report('column-twice', second + 1, message, header[second] ?? '');
  }
  if (problems.length > 0) return { problems };
  const used = new Set([...found.values()].map(({ index }) => index));
  const unused = header.filter((cell, at) => !used.has(at) && cell.trim() !== '').map((cell) => cell.trim());
  const needed = header.findLastIndex((cell) => toPlain(cell) !== '') + 1;
  return { columns: { fields: found, unused, needed, width: header.length } };
}
