/** From a run folder's journal to its reports: the kept input, read again and joined with the history. */
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Event, Input as KeptInput } from '../events/event.js';
import { createRunState, applyEvent, type RunState } from '../events/run-state.js';
import { createHtmlPage } from '../reporting/html/render-page.js';
import { EXIT, FatalError } from '../model/outcome.js';
import {
  addResult,
  createTotals,
  formatResultsHeader,
  formatResultsLine,
  type IdColumn,
  type Result,
  toResult,
} from '../reporting/results.js';
import { type Summary, summarize } from '../reporting/summary.js';
import { parseShard } from '../validation/shard.js';
import { type Input, openInput, type ReadOptions, type InputValidation } from './validate-input.js';
import { type Disk, realDisk } from '../storage/disk.js';
import { createTextEncoder } from '../csv/encoding.js';
import { openAtomicFile, type AtomicFile, writeAtomically } from '../storage/atomic-file.js';
import { hashWhileReading, sha256Base64 } from '../storage/file-source.js';
import { RUN_FILES } from '../storage/run-folder.js';
import { readJournal } from '../journal/reader.js';
import { VERSION } from '../storage/version.js';

/** Folds a run folder's journal. @throws FatalError where there is none, or where it is damaged */
export async function readRunState(folder: string): Promise<RunState> {
  const history = createRunState();
  for await (const batch of readJournal(folder)) for (const event of batch) applyEvent(history, event);
  return history;
}

/** The input as events for the journal: text where it is UTF-8, as most are, and base64 where it is not. */
export async function* inputEvents(
  source: AsyncIterable<Uint8Array>,
  encoding: string,
  now: () => number,
): AsyncGenerator<Event> {
  if (encoding !== 'utf-8') {
    for await (const bytes of source) {
      yield { e: 'input', at: now(), text: Buffer.from(bytes).toString('base64'), base64: true };
    }
    return;
  }
  // A piece may end inside a character; the decoder keeps such a beginning for the next piece.
  const decoder = new StringDecoder('utf8');
  for await (const bytes of source) yield { e: 'input', at: now(), text: decoder.write(Buffer.from(bytes)) };
  const rest = decoder.end();
  if (rest !== '') yield { e: 'input', at: now(), text: rest };
}

/** The bytes of the input that a run's journal keeps. */
export async function* readStoredInput(folder: string, history: RunState): AsyncGenerator<Uint8Array> {
  let run = -1;
  for await (const batch of readJournal(folder)) {
    for (const event of batch) {
      if (event.e === 'run') run += 1;
      if (event.e === 'kept' && run === history.kept) return;
      if (event.e !== 'input' || run !== history.kept) continue;
      yield Buffer.from(event.text, event.base64 ? 'base64' : 'utf8');
    }
  }
}

/** How the input that a history was made with is to be read. */
export function readOptionsOfRun(history: RunState): ReadOptions & { readonly input: KeptInput } {
  const run = history.runs[history.kept ?? -1];
  if (!run) {
    throw new FatalError({
      exit: EXIT.usage,
      reason: 'nothing-kept',
      message: 'this run ended before it had kept its input; nothing was sent',
      hint: 'Run apply again, without --resume.',
    });
  }
  const { input, target } = run;
  const shard = parseShard(input.shard ?? '');
  return { input, dialect: input.dialect, api: target.api, ...(shard ? { shard } : {}) };
}

/** The input that a run's journal keeps; undefined where it keeps none to its end. */
export function storedInput({ runs, kept }: RunState): KeptInput | undefined {
  return kept === undefined ? undefined : runs[kept]?.input;
}

/** Whether the same bytes would give the same rows. */
export function hasSameReadOptions({ dialect, shard }: KeptInput, reading: ReadOptions): boolean {
  return (
    JSON.stringify(parseShard(shard ?? '')) === JSON.stringify(reading.shard) &&
    JSON.stringify(dialect) === JSON.stringify(reading.dialect)
  );
}

/**
 * The survey of an input that an earlier process of its run has found without a problem. The check of a million rows
 * takes longer than all else that a resume does before it goes on.
 */
export async function reuseValidation(
  source: AsyncIterable<Uint8Array>,
  reading: ReadOptions,
  history: RunState | undefined,
): Promise<InputValidation | undefined> {
  const known = history && storedInput(history);
  const checker = history?.runs[history.kept ?? -1]?.toolVersion;
  if (known?.definitions === undefined || checker !== VERSION || !hasSameReadOptions(known, reading))
    return undefined;
  const hashed = hashWhileReading(source);
  for await (const _ of hashed.source);
  if (hashed.digest() !== known.sha256) return undefined;
  const { sha256, rows, definitions } = known;
  const clean = { invalid: 0, problems: [], broken: false } as const;
  // What the columns call for was told when the run began, and the bytes are in the journal.
  return { ...clean, sha256, rows, definitions, duplicates: rows - definitions, encoding: '', columns: undefined, settings: [] };
}

/** Opens the input that a run's journal keeps. */
export async function openStoredInput(folder: string, history: RunState): Promise<Input> {
  return openInput(readStoredInput(folder, history), readOptionsOfRun(history));
}

/** Rows with what became of them, to be gone through once. */
export type ReportRows = {
  readonly sheet: Input['sheet'];
  readonly results: AsyncIterable<Result>;
  /** Of several runs: what is missing, or there twice. Such a report has no journal of its own. */
  readonly gaps?: readonly string[];
};

async function* resultsIn(input: Input, history: RunState): AsyncGenerator<Result> {
  for await (const batch of input.rows) for (const checked of batch) yield toResult(checked, history);
}

/** The rows of one run, in the order of its input. */
export async function readReportRows(folder: string, history: RunState): Promise<ReportRows> {
  const input = await openStoredInput(folder, history);
  return { sheet: input.sheet, results: resultsIn(input, history) };
}

/** The ids that a group's row shows. */
const GROUP_ID_COLUMNS: readonly IdColumn[] = [{ id: 'groupId', column: 'zoom__group_id' }];

/** Makes all reports of a run from its journal, in one pass over its rows; each is complete or does not exist. */
export async function writeReports(
  folder: string,
  history: RunState,
  options: { readonly rows?: ReportRows; readonly resumeCommand?: (summary: Summary) => string | undefined } = {},
  disk: Disk = realDisk,
): Promise<Summary> {
  const rows = options.rows ?? (await readReportRows(folder, history));
  const totals = createTotals();
  const page = createHtmlPage(history, sha256Base64, GROUP_ID_COLUMNS);
  await writeTables(folder, rows, disk, (result) => {
    addResult(totals, result);
    page.add(result);
  });
  const { journal: _, ...made } = RUN_FILES;
  const draft = summarize(history, totals, rows.gaps ? made : RUN_FILES, rows.gaps);
  const resumeCommand = options.resumeCommand?.(draft);
  const summary = resumeCommand === undefined ? draft : { ...draft, resume_command: resumeCommand };
  await writeAtomically(join(folder, RUN_FILES.summary), [`${JSON.stringify(summary, null, 2)}\n`], disk);
  await writeAtomically(join(folder, RUN_FILES.report), page.pieces(summary), disk);
  return summary;
}

/**
 * results.csv in UTF-8, with a byte order mark where the input had one or was not UTF-8: who handed in a
 * spreadsheet's file opens the results in that spreadsheet; who handed in plain UTF-8 gets it back. And
 * failed.csv: the input without the rows that are provisioned, in the input's own encoding and line ends.
 */
async function writeTables(
  folder: string,
  { sheet, results }: ReportRows,
  disk: Disk,
  onResult: (result: Result) => void,
): Promise<void> {
  const { header, delimiter, bom, encoding, preamble } = sheet;
  const encode = createTextEncoder(encoding, bom);
  const files: AtomicFile[] = [];
  const open = (name: string): AtomicFile => {
    const file = openAtomicFile(join(folder, name), disk);
    files.push(file);
    return file;
  };
  try {
    const table = open(RUN_FILES.results);
    const failed = open(RUN_FILES.failed);
    table.write(`${bom || encoding !== 'utf-8' ? '\ufeff' : ''}${formatResultsHeader(header, delimiter, GROUP_ID_COLUMNS)}`);
    failed.write(encode(preamble));
    for await (const result of results) {
      onResult(result);
      table.write(formatResultsLine(result, delimiter, GROUP_ID_COLUMNS));
      if (!result.provisioned) failed.write(encode(result.row.raw));
    }
    for (const file of files) file.commit();
  } finally {
    for (const file of files) file.discard();
  }
}
