/** How a CSV's cells are written: quoting, and guarding cells that a spreadsheet would run as a formula. */

/** One line of a CSV with its cells unchanged. */
export function formatCsvLine(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quote(cell, delimiter)).join(delimiter)}\n`;
}

/** One line of a CSV for a spreadsheet: an apostrophe before a formula makes it text. */
export function formatGuardedCsvLine(cells: readonly string[], delimiter: string): string {
  return formatCsvLine(
    cells.map((cell) => (isFormula(cell) ? `'${cell}` : cell)),
    delimiter,
  );
}

/** Begins a formula (OWASP, "CSV Injection"). */
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/u;

const NUMBER = /^[+-]?\d+([.,]\d+)*$/u;

/** Zoom's ids are 22 characters of base64url, and may start with `-`; without an operator, none is a formula. */
const ZOOM_ID = /^[\w-]{22}$/;

/** Whether a spreadsheet would run the cell. Numbers keep their sign, and Zoom's ids stay as they are. */
export function isFormula(cell: string): boolean {
  return FORMULA.test(cell) && !NUMBER.test(cell) && !ZOOM_ID.test(cell);
}

function quote(cell: string, delimiter: string): string {
  const isPlain = !cell.includes(delimiter) && !/["\r\n,;\t]|^\s|\s$/u.test(cell);
  return isPlain ? cell : `"${cell.replaceAll('"', '""')}"`;
}
