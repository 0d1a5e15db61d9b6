/** From a run's journal to its reports: the stored input, read again and joined with the run state. */
import { join } from 'node:path';
import { createTextEncoder } from '../csv/encoding.js';
import type { RunState } from '../events/run-state.js';
import { createHtmlPage } from '../reporting/html/render-page.js';
import { addResult, createResultsTable, createTotals, type Result, toResult } from '../reporting/results.js';
import { type Summary, summarize } from '../reporting/summary.js';
import type { IdColumn } from '../resources/resource.js';
import { type AtomicFile, openAtomicFile, writeAtomically } from '../storage/atomic-file.js';
import { type Disk, realDisk } from '../storage/disk.js';
import { sha256Base64 } from '../storage/file-source.js';
import { RUN_FILES } from '../storage/run-folder.js';
import { describeStoredRun, type FindResource, readStoredInput } from './stored-input.js';
import { type OpenInput, openInput } from './validate-input.js';

/** Rows with what became of them, to be read once. */
export type ReportRows = {
  readonly csv: OpenInput['csv'];
  readonly results: AsyncIterable<Result>;
  readonly idColumns: readonly IdColumn[];
  /** The group that a row belongs to, by its name. */
  readonly findGroup?: (name: string) => string | undefined;
  /** In a report of several runs: what is missing, or contained twice. Such a report has no journal of its own. */
  readonly gaps?: readonly string[];
};

/** The rows of the file, in its order, then those that stand in no file. */
async function* joinRows(
  input: OpenInput,
  state: RunState,
  describeExtra: (name: string) => Readonly<Record<string, string>> = () => ({}),
): AsyncGenerator<Result> {
  for await (const batch of input.rows) for (const row of batch) yield toResult(row, state);
  const { fields, width } = input.columns;
  for (const [key, { name, fingerprint }] of state.rows) {
    if (name === undefined) continue;
    const cells = Array.from({ length: width }, () => '');
    for (const [field, text] of Object.entries(describeExtra(name))) {
      const index = fields.get(field)?.index;
      if (index !== undefined) cells[index] = text;
    }
    const row = { line: 0, cells, raw: '' };
    yield toResult({ type: 'item', row, key, fingerprint, name, item: undefined }, state);
  }
}

/** The rows of one run. */
export async function readReportRows(
  folder: string,
  state: RunState,
  find?: FindResource,
): Promise<ReportRows> {
  const { resource, readOptions } = describeStoredRun(state, find);
  const input = await openInput(readStoredInput(folder, state), readOptions);
  const { describeExtra } = readOptions.input;
  const results = joinRows(input, state, describeExtra);
  return {
    csv: input.csv,
    results,
    idColumns: resource.idColumns,
    ...(describeExtra ? { findGroup: (name: string) => describeExtra(name).group } : {}),
  };
}

/** Makes all reports of a run from its journal, in one pass over its rows; each is complete or does not exist. */
export async function writeReports(
  folder: string,
  state: RunState,
  options: {
    readonly rows?: ReportRows;
    readonly resumeCommand?: (summary: Summary) => string | undefined;
  } = {},
  disk: Disk = realDisk,
): Promise<Summary> {
  const rows = options.rows ?? (await readReportRows(folder, state));
  const totals = createTotals();
  const page = createHtmlPage(state, sha256Base64, rows.idColumns, rows.findGroup);
  await writeTables(folder, rows, disk, (result) => {
    addResult(totals, result);
    page.add(result);
  });
  const { journal: _, ...made } = RUN_FILES;
  const draft = summarize(state, totals, rows.gaps ? made : RUN_FILES, rows.gaps);
  const resumeCommand = options.resumeCommand?.(draft);
  const summary = resumeCommand === undefined ? draft : { ...draft, resume_command: resumeCommand };
  await writeAtomically(join(folder, RUN_FILES.summary), [`${JSON.stringify(summary, null, 2)}\n`], disk);
  await writeAtomically(join(folder, RUN_FILES.report), page.pieces(summary), disk);
  return summary;
}

/**
 * results.csv in UTF-8, with a byte order mark if the input had one or was not UTF-8: results of a spreadsheet's file
 * open in that spreadsheet, results of plain UTF-8 stay plain. And failed.csv: the input without the rows that are
 * provisioned, in the input's own encoding and line endings.
 */
async function writeTables(
  folder: string,
  { csv, results, idColumns }: ReportRows,
  disk: Disk,
  onResult: (result: Result) => void,
): Promise<void> {
  const { bom, encoding, preamble } = csv;
  const { header, formatLine } = createResultsTable(csv, idColumns);
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
    const mark = bom || encoding !== 'utf-8' ? '\ufeff' : '';
    table.write(`${mark}${header}`);
    failed.write(encode(preamble));
    let lastFailed: Result['row'] | undefined;
    for await (const result of results) {
      onResult(result);
      table.write(formatLine(result));
      // A record with several entries stands in failed.csv once, if any of them failed.
      if (result.provisioned || result.row === lastFailed) continue;
      lastFailed = result.row;
      failed.write(encode(result.row.raw));
    }
    for (const file of files) file.commit();
  } finally {
    for (const file of files) file.discard();
  }
}
