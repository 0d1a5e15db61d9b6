/** What can be wrong with a file: the rules' ids, where it is, and the line that tells of it. */

/** Every rule that a file can break. The ids are stable: scripts and reports may rely on them. */
export type Rule =
  // the file: reading ends
  | 'bad-encoding'
  | 'empty-file'
  | 'not-csv'
  | 'record-too-long'
  | 'unclosed-quote'
  // the header
  | 'column-twice'
  | 'column-typo'
  | 'no-name-column'
  | 'map-column-missing'
  | 'map-field-unknown'
  // a row
  | 'stray-quote'
  | 'too-few-cells'
  | 'too-many-cells'
  | 'name-missing'
  | 'name-too-long'
  | 'name-character'
  | 'name-conflict'
  | 'name-lookalike'
  | 'type-unknown'
  | 'boolean-unknown'
  | 'description-too-long';

/** One thing that is wrong, and where. */
export type Problem = {
  readonly line: number;
  /** The CSV column from 1; 1 where none applies. */
  readonly column: number;
  readonly rule: Rule;
  /** What is wrong and what to do about it. */
  readonly message: string;
  /** The text that is wrong, as read. */
  readonly value: string;
  /** The column's header, if the problem is in a row and in one column of it. */
  readonly header?: string;
  /** The row's number in a spreadsheet, if it is not the line: a cell with line breaks takes several lines. */
  readonly row?: number;
};

const PLAIN = /^[\x20-\x7e]*$/;

/** What must not be in a name: it can't be seen, or it changes how the rest is read. */
const UNSEEN_KINDS: readonly (readonly [RegExp, string])[] = [
  [/\p{Cc}|[\u2028\u2029]/u, 'control character'],
  [/\p{Bidi_Control}/u, 'changes the text direction'],
  [/\p{Cs}|\ufffd/u, 'stands for a letter that an earlier program lost'],
  [/\u200d|\u034f|[\u00ad\u115f\u1160\u180e\u200b\u200c\u2060-\u2064\u206a-\u206f\u3164]/u, 'zero-width'],
  [/[\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/u, 'zero-width'],
];
const UNSEEN = new RegExp(UNSEEN_KINDS.map(([kind]) => kind.source).join('|'), 'gu');

/** The unseen characters of a text, each once, as people look them up: `U+200B (zero-width)`. */
export function findInvisible(text: string): readonly string[] {
  if (PLAIN.test(text)) return [];
  return [...new Set(text.match(UNSEEN))].map((character) => {
    const kind = UNSEEN_KINDS.find(([pattern]) => pattern.test(character));
    return `U+${codeOf(character).padStart(4, '0')} (${kind?.[1]})`;
  });
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** In characters; a value is there to be recognised, the file has it whole. */
const VALUE_LENGTH_MAX = 80;

/** A text for one line of a terminal: what can't be seen is written out, what is long is cut. */
function shown(text: string): string {
  const start = Array.from(text.slice(0, 2 * VALUE_LENGTH_MAX + 2));
  const cut = start.length > VALUE_LENGTH_MAX;
  const part = cut ? `${start.slice(0, VALUE_LENGTH_MAX).join('')}…` : text;
  return part.replace(UNSEEN, (character) => ESCAPES.get(character) ?? `\\u{${codeOf(character)}}`);
}

/** A value for one line of text; an empty one is named. */
export function formatValue(value: string): string {
  return value === '' ? 'empty' : shown(value);
}

/** A problem as one line: `FILE:LINE:COLUMN rule-id row 12, column "Type": message (value)`. */
export function formatProblem(file: string, p: Problem): string {
  const place = `${file}:${p.line}:${p.column}`;
  const where = [
    ...(p.row === undefined ? [] : [`row ${p.row}`]),
    ...(p.header === undefined ? [] : [`column "${shown(p.header)}"`]),
  ].join(', ');
  const message = where === '' ? p.message : `${where}: ${p.message}`;
  return `${place} ${p.rule} ${message} (${formatValue(p.value)})`.replace(UNSEEN, shown);
}
