/** Finds the wrong quote of a record: csv-parse only reads past it, and the user needs its place. */
import type { Problem, Rule } from '../validation/problem.js';
import { CsvError, csvError } from './csv-error.js';

/** How many line endings (CRLF, LF or CR) a text has. */
export function countLineEndings(text: string): number {
  const first = text.search(/[\r\n]/);
  if (first < 0) return 0;
  if (first === text.length - 1) return 1;
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

type MisplacedQuote = {
  readonly at: number;
  readonly column: number;
  readonly why: 'open' | 'closed' | 'space';
};

/** Finds the first quote of a record that does not open or close a cell as it should. */
function findMisplacedQuote(raw: string, delimiter: string): MisplacedQuote | undefined {
  const endsCell = (at: number): boolean => /^[\r\n]?$/.test(raw.charAt(at)) || raw.startsWith(delimiter, at);
  for (let at = 0, column = 1; at < raw.length; at += delimiter.length, column++) {
    const start = at;
    while (!endsCell(at) && /\s/.test(raw.charAt(at))) at += 1;
    const quoted = raw.charAt(at) === '"';
    if (quoted && at > start) return { at, column, why: 'space' };
    if (quoted) {
      const opened = at;
      do {
        at = raw.indexOf('"', at + 1);
        if (at < 0) return { at: opened, column, why: 'open' };
        at += 1;
      } while (raw.charAt(at) === '"');
      if (!endsCell(at)) return { at: opened, column, why: 'closed' };
    }
    while (!endsCell(at)) at += 1;
    if (!raw.startsWith(delimiter, at)) return undefined;
  }
  return undefined;
}

const MESSAGES: Readonly<Record<MisplacedQuote['why'], string>> = {
  open: 'the quote that opens here is never closed: close it, or double it if it is part of the text',
  closed:
    'the quote that opens here closes inside its cell: quote the whole cell and double each quote in it',
  space: 'there is a blank before the quote: remove it, or the quote becomes part of the text',
};

function problemAt(raw: string, line: number, rule: Rule, { at, column, why }: MisplacedQuote): Problem {
  const value = raw.slice(at, at + 200).trimEnd();
  return { line: line + countLineEndings(raw.slice(0, at)), column, rule, message: MESSAGES[why], value };
}

/** The wrong quote of a complete record; only a cell that begins with a quote can have one. */
export function strayQuoteProblem(
  raw: string,
  cells: readonly string[],
  line: number,
  delimiter: string,
): Problem | undefined {
  if (!raw.includes('"') || !cells.some((cell) => /^\s*"/.test(cell))) return undefined;
  const found = findMisplacedQuote(raw, delimiter);
  return found === undefined ? undefined : problemAt(raw, line, 'stray-quote', found);
}

/** Why a record does not end: nearly always an unclosed quote, and then this names the line where it opens. */
export function unclosedQuoteError(raw: string, line: number, delimiter: string): CsvError {
  const found = findMisplacedQuote(raw, delimiter);
  if (found !== undefined) return new CsvError(problemAt(raw, line, 'unclosed-quote', found));
  const message = 'a record of more than 1 MiB: this is not a CSV of groups, or its line endings are missing';
  return csvError(line, 'record-too-long', message, raw.slice(0, 200));
}
