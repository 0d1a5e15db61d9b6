/** `apply`: creates every group that the CSV defines. */
import { openAccount } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { openTerminal, printedOrTold, printProblems, readingFrom, warnUnsupported } from '../cli/output.js';
import { lockedWork } from '../cli/run-session.js';
import type { History } from '../events/run-state.js';
import { type ExitCode, usage } from '../model/outcome.js';
import type { Group } from '../resources/groups/group.js';
import { plan } from '../resources/groups/plan.js';
import { chooseRun, fileNeeded, type Run } from '../runs/find-run.js';
import { survey } from '../runs/validate-input.js';
import { keptBytes, keptInput, surveyedBefore } from '../runs/write-reports.js';
import { rereadable } from '../storage/atomic-file.js';

const CONTACTS_MAY_REPEAT = 'contact groups may share a name, so a second run would make each of them twice';

/** `apply FILE`. @throws Halt where nothing was begun; what stops a run is in its journal and its exit code */
export async function apply([file]: readonly string[], options: Options): Promise<ExitCode> {
  if (options.dryRun) return dryRun(file, options);
  if (options.detailedExitcode)
    throw usage('--detailed-exitcode is about a plan', 'Use it with plan, or with apply --dry-run.');
  if (options.update && !options.baseline) {
    throw usage(
      '--update compares with what exists, which --no-baseline does not list',
      'Leave out one of them.',
    );
  }
  const run = await chooseRun(file, options, new Date());
  const bytes = await bytesOf(run);
  const reading = readingFrom(options);
  const surveyed = (await surveyedBefore(bytes(), reading, run.history)) ?? (await survey(bytes(), reading));
  if (surveyed.problems.length > 0 && (surveyed.broken || !options.skipInvalid)) {
    return printedOrTold(printProblems(run.file, surveyed, options));
  }
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const account = await openAccount(options, warn, {
      known: options.simulate ? createdIn(run.history) : [],
      writes: true,
    });
    terminal.hide(account.secrets);
    warnUnsupported(surveyed, account, terminal);
    try {
      return await lockedWork({
        command: 'apply',
        run,
        bytes,
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

/** Standard input is not there a second time: a run of it goes on with what its journal keeps. */
async function bytesOf({ file, folder, history }: Run): Promise<() => AsyncIterable<Uint8Array>> {
  if (file === '-' && history && keptInput(history)) return () => keptBytes(folder, history);
  return rereadable(file);
}

/** What a stand-in must have for a simulated run to go on: all that the run has made so far. */
function createdIn(history: History | undefined): readonly Group[] {
  const groups: Group[] = [];
  for (const [, { name, createdId }] of history?.rows ?? []) {
    if (createdId !== undefined) groups.push({ id: createdId, name, members: 0 });
  }
  return groups;
}
