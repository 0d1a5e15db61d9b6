/** `apply`: creates every group that the CSV defines. */

import { connect } from '../cli/account.js';
import { chooseRun, missingFileError, restoreOptions } from '../cli/choose-run.js';
import { findCreatedGroups } from '../cli/created-groups.js';
import { toGroupsOptions } from '../cli/groups-options.js';
import { readAndValidate } from '../cli/input.js';
import { isOptionGiven, type Options } from '../cli/options/options.js';
import { nameTarget, openTerminal } from '../cli/output.js';
import { checkPlan } from '../cli/plan-checksum.js';
import { runWithLock } from '../cli/run-session.js';
import { countSentToday, createRunState } from '../events/run-state.js';
import { type ExitCode, usageError } from '../model/stop.js';
import { groups } from '../resources/groups/groups.js';
import { planFile } from './plan.js';

/** `apply FILE`. @throws FatalError if nothing was begun; what stops a run is in its journal and its exit code */
export async function apply([file]: readonly string[], given: Options): Promise<ExitCode> {
  if (given.dryRun) {
    if (given.resume !== undefined)
      throw usageError('--dry-run cannot resume a run', 'Leave out one of them.');
    if (file === undefined) throw missingFileError('apply');
    return planFile([file], given);
  }
  if (given.detailedExitcode) {
    throw usageError('--detailed-exitcode is about a plan', 'Use it with plan, or with apply --dry-run.');
  }
  const terminal = openTerminal(given);
  const warn = (message: string): void => terminal.log('warn', message);
  try {
    const run = chooseRun('apply', file, given, warn);
    const before = run.state?.runs.at(-1);
    const options = before ? restoreOptions(given, before, (option) => isOptionGiven(given, option)) : given;
    refuseContradictions(options);
    const resourceOptions = toGroupsOptions(options);
    const input = await readAndValidate(run, {
      command: 'apply',
      resource: groups,
      resourceOptions,
      options,
      terminal,
    });
    if (input.type === 'refused') return input.code;
    const state = run.state ?? createRunState();
    const account = await connect(options, {
      api: options.api,
      writeLabel: groups.writeLabel(resourceOptions),
      scopes: groups.scopes(resourceOptions),
      warn,
      usedToday: (label) => countSentToday(state, label, Date.now()),
      knownGroups: options.simulate ? findCreatedGroups(run.state) : [],
    });
    terminal.hide(account.secrets);
    try {
      nameTarget(account, options, (text) => terminal.say(text));
      const { checksum } = options;
      return await runWithLock({
        ...input,
        command: 'apply',
        run,
        resource: groups,
        resourceOptions,
        account,
        options,
        terminal,
        ...(checksum === undefined
          ? {}
          : { review: (session) => checkPlan(session, account, input.shape, checksum) }),
      });
    } finally {
      await account.close();
    }
  } finally {
    terminal.end();
  }
}

function refuseContradictions({ update, listing, checksum, api, body }: Options): void {
  if (update && !listing) {
    throw usageError(
      '--update compares with what exists, which --no-listing does not read',
      'Leave out one of them.',
    );
  }
  if (checksum !== undefined && !listing) {
    throw usageError(
      '--checksum compares with what exists, which --no-listing does not read',
      'Leave out one of them.',
    );
  }
  if (api === 'contacts' && body === 'multipart') {
    throw usageError('contact groups take JSON only', 'Leave out --body multipart.');
  }
}
