/** `report`: a run's reports, made again from its journal; of several shards, one report. */
import { resolve } from 'node:path';
import type { Options } from '../cli/options.js';
import { openTerminal, printSummary } from '../cli/output.js';
import { findResumeCommand } from '../cli/resume-command.js';
import type { RunState } from '../events/run-state.js';
import { type ExitCode, usageError } from '../model/outcome.js';
import { countOf, type Summary } from '../reporting/summary.js';
import { PER_SECOND } from '../resilience/retry-policy.js';
import { readRunState, writeReports } from '../runs/write-reports.js';
import { flushStdout } from '../terminal/stdout.js';
import { parseShard } from '../validation/shard.js';

/** `report RUN`: exits as the run did. @throws FatalError where there is no journal, or a damaged one */
export async function report(folders: readonly string[], options: Options): Promise<ExitCode> {
  const [folder] = folders;
  if (folder === undefined) throw new Error('commander asks for at least one run');
  if (folders.length > 1) return (await import('./report-shards.js')).reportShards(folders, options);
  if (options.out !== undefined && resolve(options.out) !== resolve(folder)) {
    const hint = 'Leave out --out, or name several runs for one report of them all.';
    throw usageError(`the reports of one run are in its own folder, ${folder}, not in ${options.out}`, hint);
  }
  const history = await readRunState(folder);
  const run = { folder, file: history.runs.at(-1)?.input.path ?? resolve(folder), history };
  const summary = await writeReports(folder, history, {
    resumeCommand: (draft) => findResumeCommand(draft, run, resumeOptions(history, draft, options)),
  });
  printSummary({ ...summary, command: 'report' }, folder, options, openTerminal(options));
  return flushStdout(summary.exit.code);
}

/** A report knows of the run's options only what its journal tells. */
function resumeOptions({ runs }: RunState, summary: Summary, options: Options): Options {
  const run = runs.at(-1);
  if (!run) return options;
  const { target, input, simulated } = run;
  const { encoding, delimiter, map } = input.dialect;
  const shard = parseShard(input.shard ?? '');
  return {
    ...options,
    simulate: simulated,
    accountPlan: target.accountPlan,
    api: target.api,
    body: 'auto',
    listing: true,
    // Only so could rows that are invalid become part of a run.
    skipInvalid: countOf(summary, 'invalid') > 0,
    map,
    ...(target.perSecond === PER_SECOND[target.api][target.accountPlan] ? {} : { rate: target.perSecond }),
    ...(shard ? { shard } : {}),
    ...(encoding === '' ? {} : { encoding }),
    ...(delimiter === '' ? {} : { delimiter }),
  };
}
