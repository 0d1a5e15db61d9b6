/** How a CSV's cells are written: quoting, and guarding what a spreadsheet would run as a formula. */

/** One line of a CSV, its cells as they are. */
export function formatCsvLine(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\n`;
}

/**
 * Whether a spreadsheet would run the cell: it begins with one of these (OWASP, "CSV Injection"). A plain
 * number keeps its sign. An apostrophe before it makes it text.
 */
export function isFormula(cell: string): boolean {
  return /^\s*[=+\-@\t\r＝＋－＠]/u.test(cell) && !/^[+-]?\d+([.,]\d+)*$/u.test(cell);
}

function quoted(cell: string, delimiter: string): string {
  const plain = !cell.includes(delimiter) && !/["\r\n,;\t]|^\s|\s$/u.test(cell);
  return plain ? cell : `"${cell.replaceAll('"', '""')}"`;
}
