/** The number that a spreadsheet shows for a row: it differs from the line if a cell before it has line breaks. */
import { countLineEndings } from './quote-errors.js';
import type { CsvReader } from './reader.js';

type Located = { readonly line: number; readonly raw: string };

/** Numbers the rows of a file; they must be given in order, each once. */
export function createRowNumbering({ preamble, headerLine }: CsvReader): (row: Located) => number {
  const headerLines = countLineEndings(preamble) - (headerLine - 1);
  // A spreadsheet hides a `sep=` line.
  const hidden = /^"?sep=/i.test(preamble) ? 1 : 0;
  let extraLines = Math.max(0, headerLines - 1) + hidden;
  return ({ line, raw }) => {
    const number = line - extraLines;
    extraLines += Math.max(0, countLineEndings(raw) - 1);
    return number;
  };
}
