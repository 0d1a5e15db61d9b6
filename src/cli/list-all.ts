/** Reads from an account for commands that are no run: export, and the preview of a rollback. */

import { dryRun } from '../engine/provision.js';
import { createSession } from '../resources/create-session.js';
import type { GroupIndex } from '../resources/groups/api/group-index.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import { listRequiredGroups } from '../resources/groups/api/list-groups.js';
import type { Session } from '../resources/resource.js';
import type { Account } from './account.js';

/**
 * @param why what the listing is needed for, for the message
 * @throws FatalError with the true cause if the groups cannot be listed
 */
export async function listAllGroups(account: Account, why: string): Promise<GroupIndex> {
  const api = GROUPS_APIS[account.target.api];
  let groups: GroupIndex | undefined;
  const step = listRequiredGroups(api, why, (found) => {
    groups = found;
  });
  await readSession(
    account,
    createSession(() => [[{ steps: [step] }]]),
  );
  if (!groups) throw new Error('a listing that neither failed nor ended');
  return groups;
}

/** Runs a session that only reads. @throws FatalError with what stopped it */
export async function readSession(
  account: Account,
  session: Session,
  warn: Account['warn'] = account.warn,
): Promise<void> {
  await dryRun({
    session,
    ...account.ports,
    onEvent: (event) => {
      if (event.type === 'warning') warn(event.message);
    },
    onPlannedWrite: ({ operation }) => {
      throw new Error(`a read was followed by a write: ${operation}`);
    },
  });
}
