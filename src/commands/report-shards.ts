/** `report A B C`: one report of the runs that shared one file, and what is missing from it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Options } from '../cli/options.js';
import { openTerminal, printSummary } from '../cli/output.js';
import { mergeRunStates, type RunState } from '../events/run-state.js';
import { type ExitCode, usageError } from '../model/outcome.js';
import type { Result } from '../reporting/results.js';
import { nameRunFolder } from '../runs/find-run.js';
import {
  type ReportRows,
  readOptionsOfRun,
  readReportRows,
  readRunState,
  writeReports,
} from '../runs/write-reports.js';
import { JOURNAL_FILE, makeRunFolder, REPORT_FILES } from '../storage/run-folder.js';
import { flushStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';
import { parseShard } from '../validation/shard.js';

type Shard = { readonly folder: string; readonly history: RunState };

/** One report of all of them. Exit 0 only where no shard is missing and every row is provisioned. */
export async function reportShards(folders: readonly string[], options: Options): Promise<ExitCode> {
  const shards: Shard[] = [];
  for (const folder of folders) shards.push({ folder, history: await readRunState(folder) });
  const gaps = [...missing(shards), ...(await overlaps(shards))];
  const out = options.out ?? nameRunFolder('shards', new Date());
  refuseRun(out, folders);
  // An earlier report is made anew; some of its files alone are somebody's own.
  const isReport = REPORT_FILES.every((name) => existsSync(join(out, name)));
  makeRunFolder(out, isReport ? [JOURNAL_FILE] : [JOURNAL_FILE, ...REPORT_FILES]);
  const whole = mergeRunStates(shards.map(({ history }) => history));
  whole.warnings.push(...gaps);
  const summary = await writeReports(out, whole, { rows: { ...(await inOneFile(shards)), gaps } });
  const terminal = openTerminal(options);
  for (const gap of gaps) terminal.log('warn', gap);
  printSummary({ ...summary, command: 'report' }, out, options, terminal);
  return flushStdout(summary.exit.code);
}

function refuseRun(out: string, folders: readonly string[]): void {
  if (!folders.some((folder) => resolve(folder) === resolve(out))) return;
  throw usageError(`${out} is one of the runs`, 'Name another folder for the report with --out.');
}

/** Which shares of the file no run was about. */
function missing(shards: readonly Shard[]): readonly string[] {
  const inputs = shards.map(({ history }) => readOptionsOfRun(history).input);
  if (new Set(inputs.map(({ sha256 }) => sha256)).size > 1) {
    return ['the runs are not about the same file: their inputs differ'];
  }
  const known = inputs.map(({ shard }) => parseShard(shard ?? '1/1'));
  const ns = new Set(known.map((shard) => shard?.n));
  if (ns.size > 1) return ['the runs were not sharded alike: missing rows can only be told by their overlap'];
  const n = known[0]?.n ?? 1;
  const has = new Set(known.map((shard) => shard?.k));
  const absent = Array.from({ length: n }, (_, i) => i + 1).filter((k) => !has.has(k));
  return absent.map((k) => `shard ${k}/${n} is missing`);
}

/** Lines of the file that more than one run was about. */
async function overlaps(shards: readonly Shard[]): Promise<readonly string[]> {
  const seen = new Set<number>();
  let twice = 0;
  for (const { folder, history } of shards) {
    for await (const { row } of (await readReportRows(folder, history)).results) {
      if (seen.has(row.line)) twice += 1;
      seen.add(row.line);
    }
  }
  return twice === 0
    ? []
    : [`${formatCount(twice, 'row')} ${twice === 1 ? 'is' : 'are'} in more than one run`];
}

/** The rows of all runs in the order of their file. */
async function inOneFile(shards: readonly Shard[]): Promise<ReportRows> {
  const opened = await Promise.all(shards.map(({ folder, history }) => readReportRows(folder, history)));
  const [first] = opened;
  if (!first) throw new Error('a report of no runs');
  return {
    sheet: first.sheet,
    results: merged(opened.map(({ results }) => results[Symbol.asyncIterator]())),
  };
}

async function* merged(sources: readonly AsyncIterator<Result>[]): AsyncGenerator<Result> {
  const heads = await Promise.all(sources.map((source) => source.next()));
  for (;;) {
    let least: number | undefined;
    heads.forEach((head, i) => {
      const best = least === undefined ? undefined : heads[least];
      if (!head.done && (!best || best.done || head.value.row.line < best.value.row.line)) least = i;
    });
    const head = least === undefined ? undefined : heads[least];
    const source = least === undefined ? undefined : sources[least];
    if (least === undefined || !source || !head || head.done) return;
    yield head.value;
    heads[least] = await source.next();
  }
}
