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
import { formatCount } from '../text/format.js';
import { parseShard } from '../validation/shard.js';

type Shard = { readonly folder: string; readonly state: RunState };

/** One report about all of them. Exit 0 only if no shard is missing and every row is provisioned. */
export async function reportShards(folders: readonly string[], options: Options): Promise<ExitCode> {
  const shards: Shard[] = [];
  for (const folder of folders) shards.push({ folder, state: readRunState(folder) });
  const gaps = [...findMissing(shards), ...(await findOverlaps(shards))];
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
  printSummary(summary, { folder: out, stop: merged.stop, command: 'report' }, options, terminal);
  return flushStdout(summary.exit.code);
}

function refuseRun(out: string, folders: readonly string[]): void {
  if (!folders.some((folder) => resolve(folder) === resolve(out))) return;
  throw usageError(`${out} is one of the runs`, 'Name another folder for the report with --out.');
}

/** Which shards of the file no run was about. */
function findMissing(shards: readonly Shard[]): readonly string[] {
  const runs = shards.map(({ state }) => describeStoredRun(state).run);
  if (new Set(runs.map(({ input }) => input.sha256)).size > 1) {
    return ['the runs are not about the same file: their inputs differ'];
  }
  const known = runs.map(({ shape }) => parseShard(shape.dialect.shard ?? '1/1'));
  const ns = new Set(known.map((shard) => shard?.n));
  if (ns.size > 1) return ['the runs were sharded differently: missing rows cannot be determined'];
  const n = known[0]?.n ?? 1;
  const has = new Set(known.map((shard) => shard?.k));
  const absent = Array.from({ length: n }, (_, i) => i + 1).filter((k) => !has.has(k));
  return absent.map((k) => `shard ${k}/${n} is missing`);
}

/** Lines of the file that more than one run was about. */
async function findOverlaps(shards: readonly Shard[]): Promise<readonly string[]> {
  const seen = new Set<number>();
  let twice = 0;
  for (const { folder, state } of shards) {
    for await (const { row } of (await readReportRows(folder, state)).results) {
      if (seen.has(row.line)) twice += 1;
      seen.add(row.line);
    }
  }
  return twice === 0
    ? []
    : [`${formatCount(twice, 'row')} ${twice === 1 ? 'is' : 'are'} in more than one run`];
}

/** The rows of all runs in the order of their file. */
async function joinShards(shards: readonly Shard[]): Promise<ReportRows> {
  const opened = await Promise.all(shards.map(({ folder, state }) => readReportRows(folder, state)));
  const [first] = opened;
  if (!first) throw new Error('a report of no runs');
  return {
    csv: first.csv,
    idColumns: first.idColumns,
    results: mergeRows(opened.map(({ results }) => results[Symbol.asyncIterator]())),
  };
}

async function* mergeRows(sources: readonly AsyncIterator<Result>[]): AsyncGenerator<Result> {
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
