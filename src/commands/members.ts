/** `members`: adds the people that a CSV names to groups, or removes them. */
import { type FileCommand, runFileCommand } from '../cli/file-command.js';
import type { Options } from '../cli/options/options.js';
import type { ExitCode } from '../model/stop.js';
import { members as resource } from '../resources/members/members.js';
import type { MembersOptions } from '../resources/members/options.js';
import { askYes, notConfirmed } from '../terminal/question.js';
import { formatCount } from '../text/format.js';
import { MembersPlan } from './members-plan.js';

const MEMBERS: FileCommand = {
  name: 'members',
  resource,
  toResourceOptions: ({ api, remove, sync, group, split, maxRemovals }): MembersOptions => ({
    api,
    mode: sync ? 'sync' : remove ? 'remove' : 'add',
    ...(group === undefined ? {} : { group }),
    ...(split === undefined ? {} : { split }),
    ...(maxRemovals === undefined ? {} : { maxRemovals }),
  }),
  openPlan: (options) => {
    const view = new MembersPlan(options.api);
    return options.sync ? { view, confirm: (signal) => confirmRemovals(view, options, signal) } : { view };
  },
};

export function members([file]: readonly string[], options: Options): Promise<ExitCode> {
  return runFileCommand(MEMBERS, file, options);
}

/** Removals are shown before the question about them, on standard error: standard output is for the result. */
async function confirmRemovals(
  { groups }: MembersPlan,
  { yes = false, quiet }: Options,
  signal: AbortSignal,
): Promise<void> {
  const removals = groups.flatMap(({ group, remove }) => remove.map((email) => `${email} from ${group}`));
  if (removals.length === 0) return;
  if (!yes || !quiet) for (const removal of removals) process.stderr.write(`- remove  ${removal}\n`);
  const question = `Remove ${formatCount(removals.length, 'membership')} that the file does not name?`;
  if (await askYes(question, { yes, signal })) return;
  throw notConfirmed('not confirmed: nothing was changed', 'Answer yes, or add --yes.');
}
