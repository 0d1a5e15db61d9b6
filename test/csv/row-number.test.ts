/** The row number that a problem names is the one at the edge of a spreadsheet. */
import { expect, it } from 'vitest';
import { openCsv } from '../../src/csv/reader.js';
import { createRowNumbering } from '../../src/csv/row-number.js';

async function numberRows(text: string): Promise<readonly (readonly [line: number, row: number])[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  const reader = await openCsv(source(), {});
  const numberRow = createRowNumbering(reader);
  const numbers: (readonly [number, number])[] = [];
  for await (const rows of reader.rows) for (const row of rows) numbers.push([row.line, numberRow(row)]);
  return numbers;
}

it.each<readonly [string, string, readonly (readonly [number, number])[]]>([
  [
    'the line, in a plain file',
    'name,n\nA,1\nB,2\n',
    [
      [2, 2],
      [3, 3],
    ],
  ],
  [
    'less after a cell with line breaks',
    'name,n\n"A\nx\ny",1\nB,2\n',
    [
      [2, 2],
      [5, 3],
    ],
  ],
  ['less after a header with a line break', 'name,"n\nm"\nA,1\n', [[3, 2]]],
  ['the line, after blank lines', '\nname,n\n\nA,1\n', [[4, 4]]],
  ['less by a sep= line, which a spreadsheet hides', 'sep=,\nname,n\nA,1\n', [[3, 2]]],
  [
    "the line, after the version line of Entra's files, which a spreadsheet shows",
    'version:v1.0\nname,n\nA,1\n',
    [[3, 3]],
  ],
])('is %s', async (_, text, expected) => {
  expect(await numberRows(text)).toEqual(expected);
});
