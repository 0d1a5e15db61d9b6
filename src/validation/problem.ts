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
  | 'no-column'
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
  | 'description-too-long'
  | 'email-missing'
  | 'email-invalid'
  | 'group-missing';

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

/** The text, cut to so many characters. */
export function cutText(text: string, max: number): string {
  // A text can be as long as a file, and a character takes two units at most.
  const start = Array.from(text.slice(0, 2 * max + 2));
  return start.length > max ? `${start.slice(0, max).join('')}…` : text;
}

/** A value for one line of a terminal: cut, with its invisible characters written out. */
export function formatValue(text: string): string {
  return escapeInvisible(cutText(text, VALUE_LENGTH_MAX));
}

/** The text that is wrong, for one line. */
export function formatProblemValue({ value }: Pick<Problem, 'value'>): string {
  return value === '' ? 'empty' : formatValue(value);
}

/** A problem as one line: `FILE:LINE:COLUMN rule-id row 12, column "Type": message (value)`. */
export function formatProblem(file: string, p: Problem): string {
  const place = `${file}:${p.line}:${p.column}`;
  const where = [
    ...(p.row === undefined ? [] : [`row ${p.row}`]),
    ...(p.header === undefined ? [] : [`column "${formatValue(p.header)}"`]),
  ].join(', ');
  const message = where === '' ? p.message : `${where}: ${p.message}`;
  return escapeInvisible(`${place} ${p.rule} ${message} (${formatProblemValue(p)})`);
}
