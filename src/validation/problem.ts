/** What can be wrong with a file: the rules' ids, a problem with its place, and the line that reports it. */
import { escapeInvisible } from '../text/visible.js';

/** Every rule that a file can break. The ids are stable: scripts and reports may rely on them. */
export type Rule =
  // the file: reading stops
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

/** One thing that is wrong, with its place. */
export type Problem = {
  readonly line: number;
  /** The CSV column from 1; 1 if none applies. */
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

/** In characters: enough to recognise a value; the file has all of it. */
const VALUE_LENGTH_MAX = 80;

/** A text for one line of a terminal: cut, with its invisible characters written out. */
function formatText(text: string): string {
  const start = Array.from(text.slice(0, 2 * VALUE_LENGTH_MAX + 2));
  const cut = start.length > VALUE_LENGTH_MAX;
  const part = cut ? `${start.slice(0, VALUE_LENGTH_MAX).join('')}…` : text;
  return escapeInvisible(part);
}

/** A value for one line of text; an empty one is named. */
export function formatValue(value: string): string {
  return value === '' ? 'empty' : formatText(value);
}

/** A problem as one line: `FILE:LINE:COLUMN rule-id row 12, column "Type": message (value)`. */
export function formatProblem(file: string, p: Problem): string {
  const place = `${file}:${p.line}:${p.column}`;
  const where = [
    ...(p.row === undefined ? [] : [`row ${p.row}`]),
    ...(p.header === undefined ? [] : [`column "${formatText(p.header)}"`]),
  ].join(', ');
  const message = where === '' ? p.message : `${where}: ${p.message}`;
  return escapeInvisible(`${place} ${p.rule} ${message} (${formatValue(p.value)})`);
}
