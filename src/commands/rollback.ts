/** `rollback`: undoes what one run did, as a run of its own: stored, paced, journaled and reported. */
import { basename, resolve } from 'node:path';
import { type Account, connect } from '../cli/account.js';
import { chooseRun } from '../cli/choose-run.js';
import type { Options } from '../cli/options.js';
import { openTerminal } from '../cli/output.js';
import { describeRollbackInput } from '../cli/resume-command.js';
import { assertSameAccount, runWithLock } from '../cli/run-session.js';
import { handleSignals } from '../cli/signals.js';
import type { EventOf } from '../events/event.js';
import { countSentToday } from '../events/run-state.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import type { Group } from '../resources/groups/group.js';
import {
  createGroupsRollback,
  findReasonToKeep,
  findUndos,
  formatUndoCsv,
  type Undo,
} from '../resources/groups/rollback.js';
import { nameRunFolder, type Run } from '../runs/find-run.js';
import { readRunState } from '../runs/stored-input.js';
import { validateInput } from '../runs/validate-input.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';
import { escapeInvisible } from '../text/visible.js';
import { findCreatedGroups, nameTarget } from './apply.js';
import { listAllGroups } from './list-all.js';

/** `rollback RUN`. @throws FatalError if nothing was begun */
export async function rollback([source = '']: readonly string[], given: Options): Promise<ExitCode> {
  const state = await readRunState(source);
  const origin = state.runs.at(-1);
  if (origin?.command !== 'apply') {
    throw usageError(`${source} is not a run that can be rolled back`, 'Name the run folder of an apply.');
  }
  refuseOtherPlace(origin, given);
  const options: Options = { ...given, api: origin.target.api };
  const undos = findUndos(state, options.includeUpdates ?? false);
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  const signals = handleSignals(
    () => undefined,
    () => undefined,
  );
  try {
    const run = await chooseRollback(source, options, warn);
    const resource = createGroupsRollback(undos);
    const resourceOptions = {
      api: options.api,
      source: resolve(source),
      includeUpdates: options.includeUpdates ?? false,
    };
    const account = await connect(options, {
      api: options.api,
      writeLabel: resource.writeLabel(resourceOptions),
      scopes: resource.scopes(resourceOptions),
      warn,
      usedToday: (label) => (run.state ? countSentToday(run.state, label, Date.now()) : 0),
      knownGroups: options.simulate ? findCreatedGroups(state) : [],
    });
    terminal.hide(account.secrets);
    try {
      refuseOtherAddress(origin.target.baseUrl, account);
      assertSameAccount(state.runs, account);
      nameTarget(account, options, (text) => terminal.say(text));
      if (undos.length === 0) return await reportNothing(options);
      await showPreview(undos, account, options, warn, signals.signal);
      await confirm(undos, options.yes ?? false);
      signals.dispose();
      const csv = formatUndoCsv(undos);
      const bytes = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from(csv);
      };
      const dialect = { encoding: '', delimiter: ',', map: {} };
      const validation = await validateInput(bytes(), { dialect, input: resource.input(resourceOptions) });
      return await runWithLock({
        command: 'rollback',
        run,
        resource,
        resourceOptions,
        shape: { resource: resource.kind, options: resourceOptions, skipInvalid: false, dialect },
        bytes,
        validation,
        account,
        options,
        terminal,
      });
    } finally {
      await account.close();
    }
  } finally {
    signals.dispose();
    terminal.end();
  }
}

function refuseOtherPlace({ simulated }: EventOf<'run'>, { simulate }: Options): void {
  if (simulated === (simulate ?? false)) return;
  throw usageError(
    simulated ? 'this run was simulated: nothing of it exists in Zoom' : 'this run was not simulated',
    simulated ? 'Roll it back with --simulate.' : 'Leave out --simulate.',
  );
}

function refuseOtherAddress(before: string, { target, simulated }: Account): void {
  if (simulated || before === target.baseUrl) return;
  throw usageError(`the run was made at ${before}, not at ${target.baseUrl}`, `Set ZOOM_BASE_URL=${before}.`);
}

async function chooseRollback(
  source: string,
  options: Options,
  warn: (message: string) => void,
): Promise<Run> {
  const run = await chooseRun('rollback', describeRollbackInput(source), options, warn);
  if (run.state || options.out !== undefined) return run;
  return { ...run, folder: nameRunFolder(`rollback-${basename(resolve(source))}`, new Date()) };
}

async function reportNothing({ json, quiet }: Options): Promise<ExitCode> {
  const exit = { code: EXIT.ok, reason: 'nothing to roll back' };
  if (json) writeJson('rollback', { counts: { deleted: 0 } }, exit);
  else if (!quiet) writeStdout('Nothing to roll back: the run created no group whose id is known.');
  return flushStdout(EXIT.ok);
}

/** What would be done, a line each, and why a group would be kept. The run itself looks at each group again. */
async function showPreview(
  undos: readonly Undo[],
  account: Account,
  { json, quiet, yes }: Options,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  // Nobody asked a question needs the list that it is about.
  if (quiet && yes) return;
  const print = json ? (text: string) => void process.stderr.write(`${text}\n`) : writeStdout;
  const groups = await listAllGroups(account, 'the preview compares with them', warn, signal);
  const byName = new Map([...groups].map((group) => [group.id, group]));
  for (const undo of undos) print(formatPreview(undo, byName.get(undo.groupId)));
}

function formatPreview(undo: Undo, group: Group | undefined): string {
  const name = escapeInvisible(undo.left.name);
  // Lists may spell ids in another way than the answer to a create, and may not count members.
  if (!group)
    return `${undo.operation.padEnd(8)}  ${name}  (not in the list of groups; it is looked up by its id)`;
  const hidden = group.members === undefined;
  const reason = findReasonToKeep(undo, { type: 'found', group: hidden ? { ...group, members: 0 } : group });
  if (reason !== undefined) return `${'keep'.padEnd(8)}  ${name}  (${escapeInvisible(reason)})`;
  const note = hidden && undo.operation === 'delete' ? '  (if it has no members)' : '';
  return `${undo.operation.padEnd(8)}  ${name}${note}`;
}

/** @throws FatalError unless the user agrees */
async function confirm(undos: readonly Undo[], yes: boolean): Promise<void> {
  const deletes = undos.filter(({ operation }) => operation === 'delete').length;
  const restores = undos.length - deletes;
  const what = [
    ...(deletes > 0 ? [`delete ${formatCount(deletes, 'group')} from Zoom`] : []),
    ...(restores > 0 ? [`restore ${formatCount(restores, 'group')}`] : []),
  ].join(' and ');
  const isConfirmed = await askYes(`${what.charAt(0).toUpperCase()}${what.slice(1)}?`, { yes });
  if (!isConfirmed) throw notConfirmed('not confirmed: nothing was rolled back', 'Answer yes, or add --yes.');
}
