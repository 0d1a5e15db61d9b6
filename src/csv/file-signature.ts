/** Files under a .csv name that are no CSV: a spreadsheet, a PDF, UTF-16 without a byte order mark. */
import { type CsvError, csvError } from './csv-error.js';

/** Files that often come with a .csv name, by their first bytes in hexadecimal. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ['504b0304', 'a spreadsheet (xlsx, ods, numbers) or a zip archive'],
  ['d0cf11e0', 'an old Excel workbook (xls)'],
  ['25504446', 'a PDF'],
  ['1f8b', 'a gzip archive'],
  ['7b5c727466', 'an RTF document'],
];
const MARKUP = 'a web page or XML';

/** The error of a file that is not text in a known encoding; its message says what to do instead. */
export function findOtherFormat(head: Buffer, isEncodingGiven: boolean): CsvError | undefined {
  const start = head.toString('latin1', 0, 512);
  const hex = head.toString('hex', 0, 8);
  const markup = /^\s*<(!doctype|html|\?xml|table|head|script)/i.test(start) ? MARKUP : undefined;
  const other = SIGNATURES.find(([magic]) => hex.startsWith(magic))?.[1] ?? markup;
  if (other !== undefined) {
    const message = `this is not a CSV but ${other}; open it in the program it belongs to and save it as "CSV UTF-8"`;
    return csvError(1, 'not-csv', message, start.slice(0, 8));
  }
  const zeros = start.split('\0').length - 1;
  if (!isEncodingGiven && zeros > 0 && zeros >= start.length / 4) {
    const name = start.startsWith('\0') ? 'utf-16be' : 'utf-16le';
    const message = `this looks like ${name} without a byte order mark: save it as "CSV UTF-8", or add --encoding ${name}`;
    return csvError(1, 'bad-encoding', message, start.slice(0, 8));
  }
  return undefined;
}
