/** `apply`: creates every group that the CSV defines. `plan`: what it would do. */
import { type FileCommand, runFileCommand } from '../cli/file-command.js';
import { toGroupsOptions } from '../cli/groups-options.js';
import type { Options } from '../cli/options/options.js';
import { type ExitCode, usageError } from '../model/stop.js';
import { groups } from '../resources/groups/groups.js';
import { GroupsPlan } from './groups-plan.js';

const APPLY: FileCommand = {
  name: 'apply',
  resource: groups,
  toResourceOptions: (options) => {
    // A run that is resumed may have been begun without a listing.
    if (options.checksum !== undefined && options.listing === false) {
      throw usageError(
        '--checksum compares with what exists, which --no-listing does not read',
        'Leave out one of them.',
      );
    }
    return toGroupsOptions(options);
  },
  // The listing is all that is read.
  forPlan: (options) => ({
    resourceOptions: { ...toGroupsOptions(options), needsListing: true },
    scopes: groups.scopes(toGroupsOptions(options)).slice(0, 1),
  }),
  openPlan: (options, validation) => ({ view: new GroupsPlan(validation, options) }),
};

export function apply([file]: readonly string[], options: Options): Promise<ExitCode> {
  return runFileCommand(APPLY, file, options);
}

export function plan([file]: readonly string[], options: Options): Promise<ExitCode> {
  return runFileCommand(APPLY, file, { ...options, dryRun: true }, 'plan');
}
