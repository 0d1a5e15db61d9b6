/** `rollback`: undoes what one run did, as a run of its own: stored, paced, journaled and reported. */

import { basename, resolve } from 'node:path';
import { type Account, connect } from '../cli/account.js';
import { chooseRun } from '../cli/choose-run.js';
import { findCreatedGroups } from '../cli/created-groups.js';
import { listAllGroups } from '../cli/list-all.js';
import type { Options } from '../cli/options/options.js';
import { nameTarget, openTerminal } from '../cli/output.js';
import { describeRollbackInput } from '../cli/resume-command.js';
import { assertSameAccount, runWithLock } from '../cli/run-session.js';
import { handleSignals } from '../cli/signals.js';
import type { EventOf } from '../events/event.js';
import { countSentToday, type RunState } from '../events/run-state.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import type { Group } from '../resources/groups/api/group.js';
import type { GroupItem } from '../resources/groups/fields.js';
import {
  createGroupsRollback,
  findReasonToKeep,
  findUndos,
  formatUndoCsv,
  type RollbackOptions,
  type Undo,
} from '../resources/groups/rollback.js';
import type { MemberItem } from '../resources/members/fields.js';
import {
  createMembersRollback,
  findMemberUndos,
  formatMemberUndoCsv,
  type MembersRollbackOptions,
} from '../resources/members/rollback.js';
import type { Resource } from '../resources/resource.js';
import { nameRunFolder, type Run } from '../runs/find-run.js';
import { readRunState } from '../runs/stored-input.js';
import { validateInput } from '../runs/validate-input.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';
import { escapeInvisible } from '../text/visible.js';

/** What a rollback does, whatever the run was about. */
type Plan<Item, O extends object> = {
  readonly resource: Resource<Item, O>;
  readonly resourceOptions: O;
  readonly csv: string;
  /** How many changes are to be undone. */
  readonly count: number;
  readonly question: string;
  readonly showPreview: (
    account: Account,
    print: (text: string) => void,
    warn: (message: string) => void,
  ) => Promise<void>;
};

/** `rollback RUN`. @throws FatalError if nothing was begun */
export async function rollback([source = '']: readonly string[], given: Options): Promise<ExitCode> {
  const state = readRunState(source);
  const origin = state.runs.at(-1);
  if (origin?.command !== 'apply' && origin?.command !== 'members') {
    throw usageError(
      `${source} is not a run that can be rolled back`,
      'Name the run folder of an apply or of members.',
    );
  }
  refuseOtherPlace(origin, given);
  const options: Options = { ...given, api: origin.target.api };
  if (origin.command === 'members')
    return undo(planMembers(state, source, options), state, origin, source, options);
  return undo(planGroups(state, source, options), state, origin, source, options);
}

function planGroups(state: RunState, source: string, options: Options): Plan<GroupItem, RollbackOptions> {
  const includeUpdates = options.includeUpdates ?? false;
  const undos = findUndos(state, includeUpdates);
  return {
    resource: createGroupsRollback(undos),
    resourceOptions: { api: options.api, source: resolve(source), includeUpdates },
    csv: formatUndoCsv(undos),
    count: undos.length,
    question: formatQuestion(undos),
    showPreview: (account, print, warn) => previewGroups(undos, account, print, warn),
  };
}

function planMembers(
  state: RunState,
  source: string,
  { api }: Options,
): Plan<MemberItem, MembersRollbackOptions> {
  const undos = findMemberUndos(state);
  return {
    resource: createMembersRollback(undos),
    resourceOptions: { api, source: resolve(source) },
    csv: formatMemberUndoCsv(undos),
    count: undos.length,
    question: `Remove ${formatCount(undos.length, 'membership')} in Zoom?`,
    showPreview: async (_, print) => {
      for (const { group, email } of undos)
        print(`remove    ${escapeInvisible(email)} from ${escapeInvisible(group)}`);
    },
  };
}

async function undo<Item, O extends object>(
  { resource, resourceOptions, csv, count, question, showPreview }: Plan<Item, O>,
  state: RunState,
  origin: EventOf<'run'>,
  source: string,
  options: Options,
): Promise<ExitCode> {
  const terminal = openTerminal(options);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const run = await chooseRollback(source, options, warn);
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
      if (count === 0) return await reportNothing(options);
      // A user who is not asked needs no list of what the question would be about.
      if (!options.quiet || !options.yes) await showPreview(account, choosePrinter(options), warn);
      if (!(await askYes(question, { yes: options.yes ?? false }))) {
        throw notConfirmed('not confirmed: nothing was rolled back', 'Answer yes, or add --yes.');
      }
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
    terminal.end();
  }
}

/** With --json, standard output has one object only. */
function choosePrinter({ json }: Options): (text: string) => void {
  return json ? (text) => void process.stderr.write(`${text}\n`) : writeStdout;
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
  const run = chooseRun('rollback', describeRollbackInput(source), options, warn);
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
async function previewGroups(
  undos: readonly Undo[],
  account: Account,
  print: (text: string) => void,
  warn: (message: string) => void,
): Promise<void> {
  const signals = handleSignals({ hint: 'Nothing was changed. Run the command again.' });
  try {
    const groups = await listAllGroups(account, 'the preview compares with them', warn, signals.signal);
    const byId = new Map([...groups].map((group) => [group.id, group]));
    for (const undo of undos) print(formatPreview(undo, byId.get(undo.groupId)));
  } finally {
    signals.dispose();
  }
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

function formatQuestion(undos: readonly Undo[]): string {
  const deletes = undos.filter(({ operation }) => operation === 'delete').length;
  const restores = undos.length - deletes;
  const what = [
    ...(deletes > 0 ? [`delete ${formatCount(deletes, 'group')} from Zoom`] : []),
    ...(restores > 0 ? [`restore ${formatCount(restores, 'group')}`] : []),
  ].join(' and ');
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}?`;
}
