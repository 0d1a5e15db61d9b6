/** Which cells a spreadsheet could run, and how cells are quoted. */
import { expect, test } from 'vitest';
import { formatCsvLine, formatGuardedCsvLine, isFormula } from '../../src/text/csv-cell.js';

test.each(['=1+1', '+cmd', '-A1+B2', '@SUM(A1)', '\t=1', ' =1', '＝1', '-x'])('%j is guarded', (cell) => {
  expect(isFormula(cell)).toBe(true);
  expect(formatGuardedCsvLine([cell], ',')).toMatch(/^"?'/);
});

test.each(['', 'Sales', '-5', '+49', '-1.5', 'a=b'])('%j is left as it is', (cell) => {
  expect(isFormula(cell)).toBe(false);
});

test.each(['-wiWS0cKTDWWm4fBTJyLXA', 'dir.-4oZLXJ0Qm2WGsvzVLPKlg'])("Zoom's id %s is left as it is", (id) => {
  expect(formatGuardedCsvLine([id], ',')).toBe(`${id}\n`);
});

test.each([
  '-wiWS0cKTDWWm4fBTJyLX',
  '-wiWS0cKTDWWm4fBTJy+XA',
  '=wiWS0cKTDWWm4fBTJyLXA',
])('%s is no id of Zoom, and is guarded', (cell) => expect(isFormula(cell)).toBe(true));

test('cells with a delimiter, a quote, a line break or outer blanks are quoted', () => {
  expect(formatCsvLine(['a', 'b;c', 'd"e', 'f\ng', ' h', 'i j'], ',')).toBe(
    'a,"b;c","d""e","f\ng"," h",i j\n',
  );
});
