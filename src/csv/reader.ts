/** Reads a CSV as spreadsheets and users write it: each record with its physical line and its exact text. */
import { Parser } from 'csv-parse';
import { usageError } from '../model/stop.js';
import type { Row } from '../validation/row.js';
import { CsvError, csvError } from './csv-error.js';
import { decodeBytes } from './encoding.js';
import { countLineEndings, strayQuoteProblem, unclosedQuoteError } from './quote-errors.js';

/** What the user has specified instead of leaving it to detection. */
export type CsvOptions = {
  /** Any label of a WHATWG encoding; a byte order mark takes precedence. */
  readonly encoding?: string;
  /** One character, or `tab` or `\t`. */
  readonly delimiter?: string;
  /** Whether a cell is a header that the caller knows: tells the delimiter, if that is to be detected. */
  readonly isHeader?: (cell: string) => boolean;
};

/** A CSV that has been read up to its header; `rows` continues, and can be iterated once. */
export type CsvReader = {
  /** The header's cells, unchanged. */
  readonly header: readonly string[];
  /** The physical line on which the header starts, from 1. */
  readonly headerLine: number;
  /** All text before the first row as read, without the byte order mark: `sep=` line, blank lines, header. */
  readonly preamble: string;
  readonly encoding: string;
  readonly bom: boolean;
  readonly delimiter: string;
  /** The rows in batches, without blank lines. Throws `CsvError` if the file can't be read further. */
  readonly rows: AsyncIterable<readonly Row[]>;
  /** Closes the file without reading the rows. */
  readonly close: () => Promise<void>;
};

/** In bytes of UTF-8. A longer record has an unclosed quote or is no CSV; a cell of 64 KiB is fine. */
const RECORD_BYTES_MAX = 1024 * 1024;

/** A first line before the header: Excel's `sep=;`, or the version of Microsoft Entra's bulk files. */
const EXTRA_LINE = /^"?(?:sep=([^"\r\n])|version:v\d+(?:\.\d+)*)"?[\s,;]*?(?:\r\n|\n|\r|$)/iu;

/** Reads up to the header. @throws CsvError if the file is no CSV, FatalError if an option is wrong */
export async function openCsv(source: AsyncIterable<Uint8Array>, options: CsvOptions): Promise<CsvReader> {
  const given = options.delimiter === undefined ? undefined : parseDelimiter(options.delimiter);
  const { encoding, bom, pieces } = await decodeBytes(source, options.encoding);
  const start = await readHead(pieces);
  const [firstLine = '', sep] = EXTRA_LINE.exec(start.toString()) ?? [];
  const rest = start.subarray(Buffer.byteLength(firstLine));
  const delimiter = given ?? sep ?? detectDelimiter(rest.toString(), options.isHeader ?? (() => false));

  const batches = records(concat(rest, pieces), delimiter, firstLine === '' ? 1 : 2);
  let preamble = firstLine;
  for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
    const at = next.value.findIndex((row) => !/^[\s,;]*$/.test(row.raw) && !isBlank(row));
    for (const row of at < 0 ? next.value : next.value.slice(0, at + 1)) preamble += row.raw;
    const header = next.value[at];
    if (header === undefined) continue;
    // `rows` may never be iterated, and returning a generator that has not started runs none of its clean-up.
    const close = async (): Promise<void> => void (await batches.return());
    if (header.csvProblem !== undefined) {
      await close();
      throw new CsvError(header.csvProblem);
    }
    const rows = skipBlankRows(concat(next.value.slice(at + 1), batches));
    return { header: header.cells, headerLine: header.line, preamble, encoding, bom, delimiter, rows, close };
  }
  const message = 'the file is empty: it needs a header line with a name column';
  throw csvError(1, 'empty-file', message, '');
}

function parseDelimiter(text: string): string {
  const one = text === '\\t' || text.toLowerCase() === 'tab' ? '\t' : text;
  if (Array.from(one).length === 1 && !/["\r\n]/.test(one)) return one;
  throw usageError(
    `--delimiter ${JSON.stringify(text)} is not one character`,
    'For example: --delimiter ";" or tab.',
  );
}

async function* concat<T>(head: T, rest: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  try {
    yield head;
    yield* rest;
  } finally {
    await rest.return();
  }
}

function isBlank(row: Row): boolean {
  return row.cells.every((cell) => cell.trim() === '');
}

async function* skipBlankRows(batches: AsyncIterable<readonly Row[]>): AsyncGenerator<readonly Row[], void> {
  for await (const batch of batches) yield batch.filter((row) => !isBlank(row));
}

/** The text from its first line that is not blank, with delimiters and line breaks in quotes blanked out. */
function blankOutQuoted(text: string): string {
  const start = text.replace(/^[\s,;]*[\r\n]/, '');
  return start.replace(/"[^"]*"/g, (quoted) => quoted.replace(/[,;\t\r\n"]/g, ' '));
}

/** Reads until the whole header line is there. */
async function readHead(pieces: AsyncGenerator<Buffer, void>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < RECORD_BYTES_MAX) {
    const next = await pieces.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    const lineEnds = next.value.includes(10) || next.value.includes(13);
    if (lineEnds && /[\r\n]/.test(blankOutQuoted(head.toString().replace(EXTRA_LINE, '')))) break;
  }
  return head;
}

/** The delimiter that splits the header line into the most fields, or else into the most cells. */
function detectDelimiter(text: string, isHeader: (cell: string) => boolean): string {
  const line = blankOutQuoted(text).split(/[\r\n]/, 1)[0] ?? '';
  const ranked = [',', ';', '\t'].map((delimiter) => {
    const cells = line.split(delimiter);
    return { delimiter, fields: cells.filter(isHeader).length, cells: cells.length };
  });
  return ranked.sort((a, b) => b.fields - a.fields || b.cells - a.cells)[0]?.delimiter ?? ',';
}

/**
 * csv-parse without a stream's queue: each record is collected with the byte at which it ends. `on_record` gives the
 * same and doubles the time, because it copies the parser's whole state for each record.
 */
class Records extends Parser {
  readonly found: { readonly cells: readonly string[]; readonly end: number }[] = [];

  constructor(delimiter: string) {
    super({
      delimiter,
      // The order matters: CRLF is one line ending, not two.
      record_delimiter: ['\r\n', '\n', '\r'],
      // A misplaced quote is found in the record's text, so that it affects its own row only.
      relax_quotes: true,
      relax_column_count: true,
    });
  }

  override push(cells: string[] | null): boolean {
    if (cells === null) return super.push(null);
    this.found.push({ cells, end: this.info.bytes });
    return true;
  }
}

/** All records, blank lines included: their texts, concatenated, are the input. */
async function* records(
  pieces: AsyncIterable<Buffer>,
  delimiter: string,
  firstLine: number,
): AsyncGenerator<Row[], void> {
  const parser = new Records(delimiter);
  parser.on('error', () => undefined);
  let line = firstLine;
  let offset = 0;
  let pending: Buffer = Buffer.alloc(0);
  const takeRows = (): Row[] => {
    const start = offset;
    const rows = parser.found.map(({ cells, end }): Row => {
      const raw = pending.toString('utf8', offset - start, end - start);
      const csvProblem = strayQuoteProblem(raw, cells, line, delimiter);
      const row: Row = csvProblem === undefined ? { line, cells, raw } : { line, cells, raw, csvProblem };
      line += countLineEndings(raw);
      offset = end;
      return row;
    });
    parser.found.length = 0;
    pending = pending.subarray(offset - start);
    return rows;
  };

  let failure: CsvError | undefined;
  try {
    for await (const piece of pieces) {
      if (piece.length === 0) continue;
      pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
      await write(parser, piece);
      if (parser.found.length > 0) yield takeRows();
      if (pending.length > RECORD_BYTES_MAX) break;
    }
  } catch (error) {
    // A byte that is not in the encoding: the pieces before it are read to their end first.
    if (!(error instanceof CsvError)) throw error;
    failure = error;
  }
  if (pending.length > RECORD_BYTES_MAX) throw unclosedQuoteError(pending.toString(), line, delimiter);
  if (offset === 0 && pending.length === 0 && !failure) return;
  const closed = await end(parser);
  if (failure) {
    const column = lastColumn(pending.toString(), delimiter);
    // The record with the invalid byte is not complete.
    yield takeRows().filter(({ raw }) => /[\r\n]$/.test(raw));
    throw new CsvError({ ...failure.problem, column });
  }
  if (parser.found.length > 0) yield takeRows();
  if (!closed) throw unclosedQuoteError(pending.toString(), line, delimiter);
}

/** The column, from 1, in which a text ends. */
function lastColumn(text: string, delimiter: string): number {
  const unquoted = text.replace(/"[^"]*(?:"|$)/g, '');
  return (unquoted.split(/[\r\n]/).at(-1) ?? '').split(delimiter).length;
}

function write(parser: Parser, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

/** Ends the parser; false if the text ended inside quotes. */
function end(parser: Parser): Promise<boolean> {
  return new Promise((resolve, reject) => {
    parser.once('end', () => resolve(true));
    parser.once('error', (error) => {
      if ('code' in error && error.code === 'CSV_QUOTE_NOT_CLOSED') resolve(false);
      else reject(error);
    });
    parser.resume();
    parser.end();
  });
}
