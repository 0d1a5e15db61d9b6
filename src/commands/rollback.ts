/** `rollback`: undoes what one run did, as a run of its own: stored, paced, journaled and reported. */

import { basename, resolve } from 'node:path';
import type { Account } from '../cli/account.js';
import { chooseRun } from '../cli/choose-run.js';
import { withContext } from '../cli/command-context.js';
import { describeRollbackInput } from '../cli/command-line.js';
import { listAllGroups } from '../cli/list-all.js';
import type { Options } from '../cli/options/options.js';
import { nameTarget } from '../cli/output.js';
import { runWithLock } from '../cli/run-session.js';
import type { RunState } from '../events/run-state.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import type { Group } from '../resources/groups/api/group.js';
import {
  createGroupsRollback,
  findReasonToKeep,
  findUndos,
  formatUndoCsv,
  type Undo,
} from '../resources/groups/rollback.js';
import {
  createMembersRollback,
  findMemberUndos,
  formatMemberUndoCsv,
} from '../resources/members/rollback.js';
import type { Resource } from '../resources/resource.js';
import { readRunState } from '../runs/stored-input.js';
import { validateInput } from '../runs/validate-input.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';
import { escapeInvisible } from '../text/visible.js';

/** What a rollback does, whatever the run was about. */
type Plan = {
  readonly resource: Resource;
  /** Kept in the journal. */
  readonly resourceOptions: object;
  /** One row for each change that is to be undone. */
  readonly csv: string;
  readonly question: string;
  /** What would be done, a line each. */
  readonly preview: (account: Account) => Promise<readonly string[]>;
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
  const options = { ...given, api: origin.target.api };
  const plan = origin.command === 'members' ? planMembers : planGroups;
  return undo(plan(state, source, options), state, source, options);
}

function planGroups(state: RunState, source: string, { api, includeUpdates = false }: Options): Plan {
  const undos = findUndos(state, includeUpdates);
  return {
    resource: createGroupsRollback(undos),
    resourceOptions: { api, source: resolve(source), includeUpdates },
    csv: formatUndoCsv(undos),
    question: formatQuestion(undos),
    // The run itself looks at each group again.
    preview: async (account) => {
      const groups = await listAllGroups(account, 'the preview compares with them');
      const byId = new Map([...groups].map((group) => [group.id, group]));
      return undos.map((one) => formatPreview(one, byId.get(one.groupId)));
    },
  };
}

function planMembers(state: RunState, source: string, { api }: Options): Plan {
  const undos = findMemberUndos(state);
  return {
    resource: createMembersRollback(undos),
    resourceOptions: { api, source: resolve(source) },
    csv: formatMemberUndoCsv(undos),
    question: `Remove ${formatCount(undos.length, 'membership')} in Zoom?`,
    preview: async () =>
      undos.map(({ group, email }) => `remove    ${escapeInvisible(email)} from ${escapeInvisible(group)}`),
  };
}

async function undo(
  { resource, resourceOptions, csv, question, preview }: Plan,
  undone: RunState,
  source: string,
  options: Options,
): Promise<ExitCode> {
  return withContext(options, async ({ terminal, signals, warn, connect }) => {
    const name = `rollback-${basename(resolve(source))}`;
    const run = chooseRun('rollback', describeRollbackInput(source), options, warn, name);
    const account = await connect(options, {
      api: options.api,
      writeLabel: resource.writeLabel(resourceOptions),
      scopes: resource.scopes(resourceOptions),
      resumed: run.state,
      undone,
    });
    nameTarget(account, options, terminal);
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(csv);
    };
    const dialect = { encoding: '', delimiter: ',', map: {} };
    const validation = await validateInput(bytes(), { dialect, input: resource.input(resourceOptions) });
    const { json, quiet, yes = false } = options;
    if (validation.rows === 0) return reportNothing(options);
    // A user who is not asked needs no list of what the question would be about.
    for (const line of quiet && yes ? [] : await preview(account)) {
      // With --json, standard output has one object only.
      if (json) process.stderr.write(`${line}\n`);
      else writeStdout(line);
    }
    if (!(await askYes(question, { yes, signal: signals.signal }))) {
      throw notConfirmed('not confirmed: nothing was rolled back', 'Answer yes, or add --yes.');
    }
    return runWithLock({
      command: 'rollback',
      run,
      resource,
      shape: { resource: resource.kind, options: resourceOptions, skipInvalid: false, dialect },
      bytes,
      validation,
      account,
      options,
      terminal,
      signals,
    });
  });
}

async function reportNothing({ json, quiet }: Options): Promise<ExitCode> {
  const exit = { code: EXIT.ok, reason: 'nothing to roll back' };
  if (json) writeJson('rollback', { counts: { deleted: 0 } }, exit);
  else if (!quiet) writeStdout('Nothing to roll back: the run created no group whose id is known.');
  return flushStdout(EXIT.ok);
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
