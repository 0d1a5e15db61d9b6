/** The input as validated rows: one way to read its bytes, whether they come from a file or from a journal. */

import { CsvError } from '../csv/csv-error.js';
import { type CsvReader, openCsv } from '../csv/reader.js';
import { createRowNumbering } from '../csv/row-number.js';
import type { Dialect } from '../events/event.js';
import { createStop, FatalError } from '../model/stop.js';
import { hashWhileReading } from '../storage/file-source.js';
import { type Columns, isHeaderOf, mapHeader } from '../validation/header.js';
import type { Problem } from '../validation/problem.js';
import { createRowValidator, type InputDefinition, type Row, type ValidatedRow } from '../validation/row.js';
import { isInShard, parseShard, type Shard } from '../validation/shard.js';

/** How to read an input. The same bytes read in the same way give the same rows. */
export type ReadOptions = {
  readonly dialect: Dialect;
  readonly input: InputDefinition;
  /** Whether an earlier pass over these bytes met no key twice. */
  readonly hasUniqueKeys?: boolean;
};

export type OpenInput = {
  readonly csv: CsvReader;
  readonly columns: Columns;
  /** Throws `CsvError` if the file cannot be read further. */
  readonly rows: AsyncIterable<readonly ValidatedRow[]>;
};

/** A header that cannot be used, with everything that is wrong with it. */
class HeaderError extends FatalError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const message = problems.map((problem) => `line ${problem.line}: ${problem.message}`).join('; ');
    super(createStop('header', message, 'Nothing was sent. Fix the file.'));
    this.problems = problems;
  }
}

/** Opens an input as far as its header. @throws FatalError if it is no CSV or its header is wrong */
export async function openInput(
  source: AsyncIterable<Uint8Array>,
  { dialect, input, hasUniqueKeys }: ReadOptions,
): Promise<OpenInput> {
  const { encoding, delimiter, map, shard } = dialect;
  const csv = await openCsv(source, {
    ...(encoding === '' ? {} : { encoding }),
    ...(delimiter === '' ? {} : { delimiter }),
    isHeader: (cell) => isHeaderOf(input.fields, cell),
  });
  const header = mapHeader(csv.header, csv.headerLine, map, input.fields);
  if ('problems' in header) {
    await csv.close();
    throw new HeaderError(header.problems);
  }
  const { columns } = header;
  const validate = createRowValidator(columns, input, hasUniqueKeys);
  const rows = validateRows(csv, validate, parseShard(shard ?? ''), input.shardKey ?? toKey);
  return { csv, columns, rows };
}

async function* validateRows(
  csv: CsvReader,
  validate: (row: Row) => readonly ValidatedRow[],
  shard: Shard | undefined,
  shardKey: (row: ValidatedRow) => string,
): AsyncGenerator<readonly ValidatedRow[]> {
  const numberRow = createRowNumbering(csv);
  for await (const batch of csv.rows) {
    const rows = batch.flatMap((row) => {
      const number = numberRow(row);
      return validate(row).map((validated) => locateProblems(validated, number));
    });
    yield shard ? rows.filter((row) => isInShard(shardKey(row), shard)) : rows;
  }
}

/** Adds the number that a spreadsheet shows for the row, if it is not the line. */
function locateProblems(validated: ValidatedRow, row: number): ValidatedRow {
  if (validated.type !== 'invalid' || row === validated.row.line) return validated;
  return { ...validated, problems: validated.problems.map((problem) => ({ ...problem, row })) };
}

/** An invalid row has no key of its own; by its name, each of them still falls to exactly one shard. */
function toKey(row: ValidatedRow): string {
  return row.type === 'invalid' ? row.name.trim().toLowerCase() : row.key;
}

/** What a whole input holds; nothing of it is sent before this is known. */
export type InputValidation = {
  /** In hex; empty if the file could not be read to its end. */
  readonly sha256: string;
  readonly encoding: string;
  /** Undefined if the header could not be used. */
  readonly columns: Columns | undefined;
  readonly rows: number;
  readonly items: number;
  readonly duplicates: number;
  readonly invalid: number;
  readonly problems: readonly Problem[];
  /** The file cannot be read to its end: --skip-invalid does not help. */
  readonly broken: boolean;
};

/** Reads an input from beginning to end and counts what is in it. */
export async function validateInput(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): Promise<InputValidation> {
  const hashed = hashWhileReading(source);
  const counts = { item: 0, duplicate: 0, invalid: 0 };
  const problems: Problem[] = [];
  let broken = false;
  let encoding = '';
  let columns: Columns | undefined;
  try {
    const input = await openInput(hashed.source, options);
    encoding = input.csv.encoding;
    columns = input.columns;
    for await (const batch of input.rows) {
      for (const row of batch) {
        counts[row.type] += 1;
        if (row.type === 'invalid') problems.push(...row.problems);
      }
    }
  } catch (error) {
    if (error instanceof CsvError) problems.push(error.problem);
    else if (error instanceof HeaderError) problems.push(...error.problems);
    else throw error;
    broken = true;
  }
  return {
    sha256: broken ? '' : hashed.digest(),
    encoding,
    columns,
    rows: counts.item + counts.duplicate + counts.invalid,
    items: counts.item,
    duplicates: counts.duplicate,
    invalid: counts.invalid,
    problems,
    broken,
  };
}
