/** `report`: a run's reports, made again from its journal; of several shards, one report. */
import { resolve } from 'node:path';
import { formatNextCommand } from '../cli/command-line.js';
import type { Options } from '../cli/options/options.js';
import { openTerminal, printSummary } from '../cli/output.js';
import { canResume } from '../cli/run-session.js';
import { createStop, type ExitCode, FatalError, type Stop, usageError } from '../model/stop.js';
import { openRun, type Run, refreshRun } from '../runs/find-run.js';
import { writeReports } from '../runs/write-reports.js';
import { acquireRunFolderLock, type Lock } from '../storage/lock.js';
import { flushStdout } from '../terminal/stdout.js';

const STILL_RUNNING: Stop = createStop(
  'still-running',
  'A process is still working on this run: the report shows how far it is.',
  'Make the report again when the run has ended.',
);

/** `report RUN`: exits as the run did. @throws FatalError if there is no journal, or a damaged one */
export async function report(folders: readonly string[], options: Options): Promise<ExitCode> {
  const [folder] = folders;
  if (folder === undefined) throw new Error('commander asks for at least one run');
  if (folders.length > 1) return (await import('./report-shards.js')).reportShards(folders, options);
  if (options.out !== undefined && resolve(options.out) !== resolve(folder)) {
    const hint = 'Leave out --out, or name several runs for one report about all of them.';
    throw usageError(`the reports of one run are in its own folder, ${folder}, not in ${options.out}`, hint);
  }
  const run = openRun(folder, undefined);
  const lock = await tryLock(folder);
  try {
    return await reportRun(run, lock === undefined, options);
  } finally {
    lock?.release();
  }
}

async function reportRun(opened: Run, isRunning: boolean, options: Options): Promise<ExitCode> {
  // The run may have ended between reading its journal and looking at its lock.
  const { folder, state } = refreshRun(opened);
  const run = state?.runs.at(-1);
  if (!state || !run) throw new Error('a journal without a header');
  if (isRunning) state.stop ??= STILL_RUNNING;
  const nextCommand = formatNextCommand(run, folder, options, state.stop);
  const summary = await writeReports(folder, state, {
    resumeCommand: (draft) => (canResume(draft) && !isRunning ? nextCommand : undefined),
  });
  const terminal = openTerminal(options);
  if (isRunning) terminal.say(`${STILL_RUNNING.message} ${STILL_RUNNING.hint}`, { always: true });
  printSummary(summary, folder, options, terminal, 'report');
  return flushStdout(summary.exit.code);
}

/** Undefined while a process works on the run. */
async function tryLock(folder: string): Promise<Lock | undefined> {
  try {
    return await acquireRunFolderLock(folder, 'report');
  } catch (error) {
    if (error instanceof FatalError && error.stop.reason === 'locked') return undefined;
    throw error;
  }
}
