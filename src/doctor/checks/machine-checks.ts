/** What this machine is like, and what an earlier `doctor` or this one left. */
import { formatCount } from '../../text/format.js';
import type { Observations } from '../observe/observations.js';
import { type Check, type Finding, fail, ok, warn } from './finding.js';

export const MACHINE_CHECKS: readonly Check<Observations>[] = [
  { id: 'state-folder', judge: checkStateFolder },
  { id: 'lock', judge: checkLock },
  { id: 'leftovers', judge: checkLeftovers },
  { id: 'clean-up', judge: checkCleanUp },
];

function checkStateFolder({ machine: { simulated, stateFolderError } }: Observations): Finding {
  if (simulated) return ok('simulated runs need no lock');
  if (stateFolderError === undefined) return ok('locks can be written to the state folder');
  return fail(
    'no lock can be written to the state folder',
    'Name a folder that this user can write to with --state-dir DIR.',
    { words: stateFolderError },
  );
}

function checkLock({ machine: { lockOwner } }: Observations): Finding {
  if (lockOwner === undefined) return ok('no run holds this account', { answer: { locked: false } });
  return warn('another run holds this account', 'Wait for it to end, or use --lock-timeout SECONDS.', {
    words: lockOwner,
    answer: { locked: true },
  });
}

function formatGroups(groups: Observations['leftovers'] | Observations['remaining']): string {
  return groups
    .map(
      ({ api, name, id }) =>
        `${name} (${api}, ${id === undefined ? 'id unknown, may not exist' : `id ${id}`})`,
    )
    .join('; ');
}

function checkLeftovers({ leftovers }: Observations): Finding {
  const answer = { groups: leftovers.length };
  if (leftovers.length === 0) return ok('no temporary group of an earlier doctor is left', { answer });
  const isOurs = leftovers.every(({ key }) => key !== undefined);
  return warn(
    `${formatCount(leftovers.length, 'temporary group')} of an earlier doctor ${leftovers.length === 1 ? 'is' : 'are'} left: ${formatGroups(leftovers)}`,
    isOurs
      ? 'zoom-im-groups doctor --write deletes them first.'
      : 'If no other doctor is running, delete them in Zoom’s admin pages; doctor --write deletes those that this machine has recorded.',
    { answer },
  );
}

function checkCleanUp({ groups, remaining }: Observations): Finding | undefined {
  if (!Object.values(groups).some(({ bodies }) => bodies)) return undefined;
  const answer = { remaining: remaining.length };
  if (remaining.length === 0) return ok('every temporary group is deleted', { answer });
  return warn(
    `${formatCount(remaining.length, 'temporary group')} could not be deleted: ${formatGroups(remaining)}`,
    'zoom-im-groups doctor --write tries again; or delete them in Zoom’s admin pages.',
    { answer },
  );
}
