/** The input as checked rows: one reading of its bytes, whether they come from a file or out of a journal. */
import { type ValidatedRow, createRowValidator } from '../validation/row.js';
import { mapHeader } from '../validation/header.js';
import type { Dialect } from '../events/event.js';
import { nameKey, type Settings } from '../resources/groups/group.js';
import { EXIT, FatalError } from '../model/outcome.js';
import type { Problem } from '../validation/problem.js';
import { isInShard, type Shard } from '../validation/shard.js';
import { openCsv, type CsvReader } from '../csv/reader.js';
import { CsvError } from '../csv/csv-error.js';
import { hashWhileReading } from '../storage/file-source.js';

/** How an input is to be read. The same reading of the same bytes gives the same rows. */
export type ReadOptions = {
  readonly dialect: Dialect;
  readonly api: 'im' | 'contacts';
  readonly shard?: Shard;
};

export type Input = {
  readonly sheet: CsvReader;
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
  return { sheet, settings, rows: checkedRows(sheet.rows, check, reading.shard) };
}

async function* checkedRows(
  batches: CsvReader['rows'],
  check: ReturnType<typeof createRowValidator>,
  shard: Shard | undefined,
): AsyncGenerator<readonly ValidatedRow[]> {
  for await (const batch of batches) {
    const checked = batch.map(check);
    yield shard ? checked.filter((one) => isInShard(keyIn(one), shard)) : checked;
  }
}

/** An invalid row has no key of its own; by its name each of them still falls to exactly one shard. */
function keyIn(checked: ValidatedRow): string {
  return checked.kind === 'invalid' ? nameKey(checked.name) : checked.key;
}

/** What a whole input holds; nothing of it is sent before this is known. */
export type InputValidation = {
  readonly sha256: string;
  readonly encoding: string;
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
  let settings: Input['settings'] = [];
  try {
    const input = await openInput(hashed.source, reading);
    encoding = input.sheet.encoding;
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
    settings,
    rows: counts.definition + counts.duplicate + counts.invalid,
    definitions: counts.definition,
    duplicates: counts.duplicate,
    invalid: counts.invalid,
    problems,
    broken,
  };
}
