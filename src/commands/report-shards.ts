/** `report A B C`: one report about runs that shared one file, and what is missing from it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Options } from '../cli/options/options.js';
import { openTerminal, printSummary } from '../cli/output.js';
import { mergeRunStates, type RunState } from '../events/run-state.js';
import { type ExitCode, usageError } from '../model/stop.js';
import type { Result } from '../reporting/results.js';
import { nameRunFolder } from '../runs/find-run.js';
import { describeStoredRun, readRunState } from '../runs/stored-input.js';
import { type ReportRows, readReportRows, writeReports } from '../runs/write-reports.js';
import { makeRunFolder, REPORT_FILES } from '../storage/run-folder.js';
import { flushStdout } from '../terminal/stdout.js';
import { parseShard } from '../validation/shard.js';

type Shard = { readonly folder: string; readonly state: RunState };

/** One report about all of them. Exit 0 only if no shard is missing and every row is provisioned. */
export async function reportShards(folders: readonly string[], options: Options): Promise<ExitCode> {
  const shards: Shard[] = [];
  for (const folder of folders) shards.push({ folder, state: readRunState(folder) });
  const gaps = findGaps(shards);
  const out = options.out ?? nameRunFolder('shards', new Date());
  refuseRun(out, folders);
  // An earlier report is replaced; single files of these names belong to someone else.
  const isReport = REPORT_FILES.every((name) => existsSync(join(out, name)));
  makeRunFolder(out, isReport ? [] : REPORT_FILES);
  const merged = mergeRunStates(shards.map(({ state }) => state));
  merged.warnings.push(...gaps);
  const summary = await writeReports(out, merged, { rows: { ...(await joinShards(shards)), gaps } });
  const terminal = openTerminal(options);
  for (const gap of gaps) terminal.log('warn', gap);
  printSummary(summary, out, options, terminal, 'report');
  return flushStdout(summary.exit.code);
}

function refuseRun(out: string, folders: readonly string[]): void {
  if (!folders.some((folder) => resolve(folder) === resolve(out))) return;
  throw usageError(`${out} is one of the runs`, 'Name another folder for the report with --out.');
}

/** What keeps the runs from being one whole. */
function findGaps(shards: readonly Shard[]): readonly string[] {
  const runs = shards.map(({ state }) => describeStoredRun(state).run);
  if (new Set(runs.map(({ input }) => input.sha256)).size > 1) {
    return ['the runs are not about the same file: their inputs differ'];
  }
  const known = runs.map(({ shape }) => parseShard(shape.dialect.shard ?? '1/1'));
  const n = known[0]?.n ?? 1;
  if (known.some((shard) => shard?.n !== n)) {
    return ['the runs were sharded differently: missing rows cannot be determined'];
  }
  return Array.from({ length: n }, (_, i) => i + 1).flatMap((k) => {
    const count = known.filter((shard) => shard?.k === k).length;
    if (count === 1) return [];
    return [`shard ${k}/${n} is ${count === 0 ? 'missing' : 'in more than one run'}`];
  });
}

/** The rows of all runs in the order of their file. */
async function joinShards(shards: readonly Shard[]): Promise<ReportRows> {
  const opened = await Promise.all(shards.map(({ folder, state }) => readReportRows(folder, state)));
  const [first] = opened;
  if (!first) throw new Error('a report of no runs');
  return { ...first, results: mergeRows(opened.map(({ results }) => results)) };
}

async function* mergeRows(sources: readonly AsyncIterable<Result>[]): AsyncGenerator<Result> {
  const heads: { readonly rows: AsyncIterator<Result>; next: Result | undefined }[] = [];
  const read = async (rows: AsyncIterator<Result>): Promise<Result | undefined> => {
    const { done, value } = await rows.next();
    return done ? undefined : value;
  };
  for (const source of sources) {
    const rows = source[Symbol.asyncIterator]();
    heads.push({ rows, next: await read(rows) });
  }
  for (;;) {
    const lineOf = ({ next }: (typeof heads)[number]): number => next?.row.line ?? Number.POSITIVE_INFINITY;
    const [first] = [...heads].sort((a, b) => lineOf(a) - lineOf(b));
    if (!first?.next) return;
    yield first.next;
    first.next = await read(first.rows);
  }
}
