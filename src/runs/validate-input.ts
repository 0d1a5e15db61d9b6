/** The input as checked rows: one reading of its bytes, whether they come from a file or out of a journal. */
import { type Columns, createRowValidator, type ValidatedRow } from '../validation/row.js';
import { mapHeader } from '../validation/header.js';
import type { Dialect } from '../events/event.js';
import { nameKey, type Settings } from '../resources/groups/group.js';
import { EXIT, FatalError } from '../model/outcome.js';
import type { Problem } from '../validation/problem.js';
import { isInShard, type Shard } from '../validation/shard.js';
import { openCsv, type CsvReader } from '../csv/reader.js';
import { CsvError } from '../csv/csv-error.js';
import { createRowNumbering } from '../csv/row-number.js';
import type { ColumnUse } from '../reporting/columns-text.js';
import { hashWhileReading } from '../storage/file-source.js';

/** How an input is to be read. The same reading of the same bytes gives the same rows. */
export type ReadOptions = {
  readonly dialect: Dialect;
  readonly api: 'im' | 'contacts';
  readonly shard?: Shard;
};

export type Input = {
  readonly sheet: CsvReader;
  readonly columns: ColumnUse;
  /** The settings that the file has columns for. */
  readonly settings: readonly (keyof Settings)[];
  /** Throws `CsvFault` where the file can't be read on. */
  readonly rows: AsyncIterable<readonly ValidatedRow[]>;
};

/** A header that can't be made sense of, with all that is wrong with it. */
class BrokenHeader extends FatalError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const message = problems.map((p) => `line ${p.line}: ${p.message}`).join('; ');
    super({ exit: EXIT.usage, reason: 'header', message, hint: 'Nothing was sent. Mend the file.' });
    this.problems = problems;
  }
}

/** Opens an input as far as its header. @throws FatalError when it is no CSV or its header is wrong */
export async function openInput(source: AsyncIterable<Uint8Array>, reading: ReadOptions): Promise<Input> {
  const { encoding, delimiter, map } = reading.dialect;
  const told = {
    ...(encoding === '' ? {} : { encoding }),
    ...(delimiter === '' ? {} : { delimiter }),
  };
  const sheet = await openCsv(source, told);
  const header = mapHeader(sheet.header, sheet.headerLine, map, reading.api);
  if ('problems' in header) {
    await sheet.close();
    throw new BrokenHeader(header.problems);
  }
  const check = createRowValidator(header.columns);
  const settings = header.columns.settings.map(({ setting }) => setting);
  const columns = describeColumns(sheet.header, header.columns);
  return { sheet, columns, settings, rows: checkedRows(sheet, check, reading.shard) };
}

function describeColumns(header: readonly string[], { name, settings }: Columns): ColumnUse {
  const used = [{ field: 'name', index: name }, ...settings.map(({ word, at }) => ({ field: word, index: at }))];
  const isUsed = (at: number): boolean => used.some(({ index }) => index === at);
  const fields = new Map(
    used.map(({ field, index }) => [field, { index, header: (header[index] ?? '').trim() }]),
  );
  const unused = header.filter((cell, at) => !isUsed(at) && cell.trim() !== '').map((cell) => cell.trim());
  return { fields, unused };
}

async function* checkedRows(
  sheet: CsvReader,
  check: ReturnType<typeof createRowValidator>,
  shard: Shard | undefined,
): AsyncGenerator<readonly ValidatedRow[]> {
  const numberRow = createRowNumbering(sheet);
  for await (const batch of sheet.rows) {
    const checked = batch.map((row) => locateProblems(check(row), sheet.header, numberRow(row)));
    yield shard ? checked.filter((one) => isInShard(keyIn(one), shard)) : checked;
  }
}

/** Adds to a row's problems what its user sees in a spreadsheet: the header, and the row's number. */
function locateProblems(checked: ValidatedRow, header: readonly string[], row: number): ValidatedRow {
  if (checked.kind !== 'invalid') return checked;
  const problems = checked.problems.map((problem) => {
    const isOfRow = problem.rule === 'too-few-cells' || problem.rule === 'too-many-cells';
    const name = isOfRow ? '' : (header[problem.column - 1] ?? '').trim();
    return {
      ...problem,
      ...(name === '' ? {} : { header: name }),
      ...(row === problem.line ? {} : { row }),
    };
  });
  return { ...checked, problems };
}

/** An invalid row has no key of its own; by its name each of them still falls to exactly one shard. */
function keyIn(checked: ValidatedRow): string {
  return checked.kind === 'invalid' ? nameKey(checked.name) : checked.key;
}

/** What a whole input holds; nothing of it is sent before this is known. */
export type InputValidation = {
  readonly sha256: string;
  readonly encoding: string;
  /** Undefined if the header can't be used. */
  readonly columns: ColumnUse | undefined;
  readonly settings: Input['settings'];
  readonly rows: number;
  readonly definitions: number;
  readonly duplicates: number;
  readonly invalid: number;
  readonly problems: readonly Problem[];
  /** The file can't be read to its end: --skip-invalid does not help. */
  readonly broken: boolean;
};

/** Reads an input from end to end and counts what is in it. */
export async function validateInput(source: AsyncIterable<Uint8Array>, reading: ReadOptions): Promise<InputValidation> {
  const hashed = hashWhileReading(source);
  const counts = { definition: 0, duplicate: 0, invalid: 0 };
  const problems: Problem[] = [];
  let broken = false;
  let encoding = '';
  let columns: ColumnUse | undefined;
  let settings: Input['settings'] = [];
  try {
    const input = await openInput(hashed.source, reading);
    encoding = input.sheet.encoding;
    columns = input.columns;
    settings = input.settings;
    for await (const batch of input.rows) {
      for (const checked of batch) {
        counts[checked.kind] += 1;
        if (checked.kind === 'invalid') problems.push(...checked.problems);
      }
    }
  } catch (error) {
    if (error instanceof CsvError) problems.push(error.problem);
    else if (error instanceof BrokenHeader) problems.push(...error.problems);
    else throw error;
    broken = true;
  }
  return {
    sha256: broken ? '' : hashed.digest(),
    encoding,
    columns,
    settings,
    rows: counts.definition + counts.duplicate + counts.invalid,
    definitions: counts.definition,
    duplicates: counts.duplicate,
    invalid: counts.invalid,
    problems,
    broken,
  };
}
