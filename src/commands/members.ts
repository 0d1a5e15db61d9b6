/** `members`: adds the people that a CSV names to groups, or removes them. */
import { connect } from '../cli/account.js';
import { chooseRun, missingFileError, restoreOptions } from '../cli/choose-run.js';
import { readAndValidate } from '../cli/input.js';
import { isOptionGiven, type Options } from '../cli/options/options.js';
import { nameTarget, openTerminal } from '../cli/output.js';
import { refuseOtherChecksum } from '../cli/plan-checksum.js';
import { openSession, type RowSource, runWithLock } from '../cli/run-session.js';
import { countSentToday, createRunState } from '../events/run-state.js';
import { EXIT, type ExitCode, usageError } from '../model/stop.js';
import type { MemberItem } from '../resources/members/fields.js';
import { members as resource } from '../resources/members/members.js';
import type { MembersOptions } from '../resources/members/options.js';
import type { Session } from '../resources/resource.js';
import type { Run } from '../runs/find-run.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { flushStdout } from '../terminal/stdout.js';
import { formatCount } from '../text/format.js';
import { collectMembersPlan, type MembersPlan, printMembersPlan } from './members-plan.js';

/** `members FILE`. @throws FatalError if nothing was begun; what stops a run is in its journal and its exit code */
export async function members([file]: readonly string[], given: Options): Promise<ExitCode> {
  if (given.dryRun) {
    if (given.resume !== undefined)
      throw usageError('--dry-run cannot resume a run', 'Leave out one of them.');
    if (file === undefined) throw missingFileError('members');
  }
  const terminal = openTerminal(given);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const run: Run = given.dryRun
      ? { file: file ?? '-', folder: '', state: undefined }
      : chooseRun('members', file, given, warn);
    const before = run.state?.runs.at(-1);
    const options = before ? restoreOptions(given, before, (option) => isOptionGiven(given, option)) : given;
    const resourceOptions = toMembersOptions(options);
    const input = await readAndValidate(run, {
      command: 'members',
      resource,
      resourceOptions,
      options,
      terminal,
    });
    if (input.type === 'refused') return input.code;
    const state = run.state ?? createRunState();
    const account = await connect(options, {
      api: options.api,
      writeLabel: resource.writeLabel(resourceOptions),
      scopes: resource.scopes(resourceOptions),
      warn,
      usedToday: (label) => countSentToday(state, label, Date.now()),
    });
    terminal.hide(account.secrets);
    try {
      nameTarget(account, options, (text) => terminal.say(text));
      const plan = (session: Session): Promise<MembersPlan> =>
        collectMembersPlan(session, account, input.shape, warn);
      if (options.dryRun) {
        const source: RowSource<MemberItem, MembersOptions> = {
          ...input,
          run,
          resource,
          resourceOptions,
          options,
        };
        return await showPlan(await plan(openSession(source, state)), options);
      }
      const { checksum } = options;
      const needsReview = checksum !== undefined || resourceOptions.mode === 'sync';
      const review = async (session: Session): Promise<void> => {
        const planned = await plan(session);
        if (checksum !== undefined) refuseOtherChecksum(planned.checksum, checksum);
        if (resourceOptions.mode === 'sync') await confirmRemovals(planned, options);
      };
      return await runWithLock({
        ...input,
        command: 'members',
        run,
        resource,
        resourceOptions,
        account,
        options,
        terminal,
        ...(needsReview ? { review } : {}),
      });
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

/** What shapes a run of `members`. */
function toMembersOptions({ api, remove, sync, group, split, maxRemovals }: Options): MembersOptions {
  return {
    api,
    mode: sync ? 'sync' : remove ? 'remove' : 'add',
    ...(group === undefined ? {} : { group }),
    ...(split === undefined ? {} : { split }),
    ...(maxRemovals === undefined ? {} : { maxRemovals }),
  };
}

async function showPlan(plan: MembersPlan, options: Options): Promise<ExitCode> {
  const hasChanges = plan.groups.some(({ add, remove }) => add.length + remove.length > 0);
  // With --detailed-exitcode, 2 means that there is something to do.
  const code = options.detailedExitcode && hasChanges ? EXIT.usage : EXIT.ok;
  printMembersPlan(plan, options, code);
  return flushStdout(code);
}

/** Removals are shown before the question about them. */
async function confirmRemovals(plan: MembersPlan, options: Options): Promise<void> {
  const removals = plan.groups.reduce((sum, { remove }) => sum + remove.length, 0);
  if (removals === 0) return;
  const yes = options.yes ?? false;
  if (!yes || !options.quiet) printRemovals(plan);
  const question = `Remove ${formatCount(removals, 'membership')} that the file does not name?`;
  if (await askYes(question, { yes })) return;
  throw notConfirmed('not confirmed: nothing was changed', 'Answer yes, or add --yes.');
}

/** On standard error: standard output is for the result. */
function printRemovals({ groups }: MembersPlan): void {
  for (const { group, remove } of groups) {
    for (const email of remove) process.stderr.write(`- remove  ${email} from ${group}\n`);
  }
}
