/** `apply`: creates every group that the CSV defines. */
import { connect } from '../cli/account.js';
import type { Options } from '../cli/options.js';
import { openTerminal, printProblems, toReadOptions, warnUnsupported } from '../cli/output.js';
import { runWithLock } from '../cli/run-session.js';
import type { RunState } from '../events/run-state.js';
import { type ExitCode, usageError } from '../model/outcome.js';
import type { Group } from '../resources/groups/group.js';
import { plan } from '../resources/groups/plan.js';
import { chooseRun, missingFileError, type Run } from '../runs/find-run.js';
import { validateInput } from '../runs/validate-input.js';
import { readStoredInput, reuseValidation, storedInput } from '../runs/write-reports.js';
import { openRereadable } from '../storage/file-source.js';
import { flushStdoutOrWarn } from '../terminal/stdout.js';

const CONTACTS_MAY_REPEAT = 'contact groups may share a name, so a second run would make each of them twice';

/** `apply FILE`. @throws FatalError where nothing was begun; what stops a run is in its journal and its exit code */
export async function apply([file]: readonly string[], options: Options): Promise<ExitCode> {
  if (options.dryRun) return dryRun(file, options);
  const run = await chooseRun(file, options, new Date());
  const bytes = await bytesOf(run);
  const reading = toReadOptions(options);
  const surveyed =
    (await reuseValidation(bytes(), reading, run.history)) ?? (await validateInput(bytes(), reading));
  if (surveyed.problems.length > 0 && (surveyed.broken || !options.skipInvalid)) {
    return flushStdoutOrWarn(printProblems('apply', run.file, surveyed, options));
  }
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const account = await connect(options, warn, {
      known: options.simulate ? createdIn(run.history) : [],
      writes: true,
    });
    terminal.hide(account.secrets);
    warnUnsupported(surveyed, account, terminal);
    try {
      return await runWithLock({
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
    throw usageError(
      '--dry-run tells what a new run would do',
      'Leave out --resume, or leave out --dry-run.',
    );
  }
  if (file === undefined) throw missingFileError();
  return (await import('./plan.js')).planFile([file], options);
}

/** Standard input is not there a second time: a run of it goes on with what its journal keeps. */
async function bytesOf({ file, folder, history }: Run): Promise<() => AsyncIterable<Uint8Array>> {
  if (file === '-' && history && storedInput(history)) return () => readStoredInput(folder, history);
  return openRereadable(file);
}

/** What a stand-in must have for a simulated run to go on: all that the run has made so far. */
function createdIn(history: RunState | undefined): readonly Group[] {
  const groups: Group[] = [];
  for (const [, { name, createdId }] of history?.rows ?? []) {
    if (createdId !== undefined) groups.push({ id: createdId, name, members: 0 });
  }
  return groups;
}
