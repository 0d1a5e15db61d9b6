/** `apply`: creates every group that the CSV defines. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openAccount } from '../account.js';
import type { Group } from '../core/group.js';
import type { History } from '../core/history.js';
import { type ExitCode, usage } from '../core/outcome.js';
import { plan } from '../core/plan.js';
import { survey } from '../input.js';
import { readBytes, writeWhole } from '../io/files.js';
import type { Options } from '../options.js';
import { surveyedBefore } from '../reports.js';
import { begun, chooseRun, fileNeeded, type Run } from '../runs.js';
import { openTerminal, printProblems, readingFrom, warnUnsupported } from './shown.js';
import { lockedWork } from './work.js';

const CONTACTS_MAY_REPEAT = 'contact groups may share a name, so a second run would make each of them twice';

/** Where standard input is kept, so that a run of it can be gone on with. */
const KEPT_INPUT = 'input.csv';

/** `apply FILE`. @throws Halt where nothing was begun; what stops a run is in its journal and its exit code */
export async function apply([file]: readonly string[], options: Options): Promise<ExitCode> {
  if (options.dryRun) return dryRun(file, options);
  if (options.update && !options.baseline) {
    throw usage(
      '--update compares with what exists, which --no-baseline does not list',
      'Leave out one of them.',
    );
  }
  const { run, path } = await withInput(await chooseRun(file, options, new Date()));
  const reading = readingFrom(options);
  const surveyed =
    (await surveyedBefore(readBytes(path), reading, run.history)) ?? (await survey(readBytes(path), reading));
  if (surveyed.problems.length > 0 && (surveyed.broken || !options.skipInvalid)) {
    if (run.file === '-' && !run.history) rmSync(run.folder, { recursive: true });
    return printProblems(run.file, surveyed, options);
  }
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const account = await openAccount(options, warn, { known: createdIn(run.history), writes: true });
    terminal.hide(account.secrets);
    warnUnsupported(surveyed, account, terminal);
    try {
      return await lockedWork({
        command: 'apply',
        run,
        bytes: () => readBytes(path),
        reading,
        surveyed,
        account,
        options,
        terminal,
        plan: (history) => (row, now) => plan(row, { now, history, update: options.update ?? false }),
        needsListing: account.target.api === 'contacts' ? CONTACTS_MAY_REPEAT : undefined,
      });
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

async function dryRun(file: string | undefined, options: Options): Promise<ExitCode> {
  if (options.resume !== undefined) {
    throw usage('--dry-run tells what a new run would do', 'Leave out --resume, or leave out --dry-run.');
  }
  if (file === undefined) throw fileNeeded();
  return (await import('./plan.js')).planFile([file], options);
}

/** Standard input is kept in the run folder first: it can't be read twice, and a resume needs it. */
async function withInput(run: Run): Promise<{ readonly run: Run; readonly path: string }> {
  if (run.file !== '-') return { run, path: run.file };
  if (run.history) return { run, path: join(run.folder, KEPT_INPUT) };
  const made = begun(run);
  const path = join(made.folder, KEPT_INPUT);
  await writeWhole(path, process.stdin);
  return { run: made, path };
}

/** What a stand-in must have for a simulated run to go on: all that the run has made so far. */
function createdIn(history: History | undefined): readonly Group[] {
  const groups: Group[] = [];
  for (const [, { name, createdId }] of history?.rows ?? []) {
    if (createdId !== undefined) groups.push({ id: createdId, name, members: 0 });
  }
  return groups;
}
