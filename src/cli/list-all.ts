/** Reads all groups of an account for commands that are no run: export, and the preview of a rollback. */

import { dryRun } from '../engine/provision.js';
import type { GroupIndex } from '../resources/groups/api/group-index.js';
import { GROUPS_APIS } from '../resources/groups/api/groups-apis.js';
import { listRequiredGroups } from '../resources/groups/api/list-groups.js';
import type { Session, Step } from '../resources/resource.js';
import { type Account, toEnginePorts } from './account.js';

/**
 * @param why what the listing is needed for, for the message
 * @throws FatalError with the true cause if the groups cannot be listed
 */
export async function listAllGroups(
  account: Account,
  why: string,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<GroupIndex> {
  const api = GROUPS_APIS[account.target.api];
  let groups: GroupIndex | undefined;
  await readOnce(
    account,
    listRequiredGroups(api, why, (found) => {
      groups = found;
    }),
    warn,
    signal,
  );
  if (!groups) throw new Error('a listing that neither failed nor ended');
  return groups;
}

/** Sends one step and what follows from it through the engine, outside any run. */
async function readOnce(
  account: Account,
  step: Step,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let isStarted = false;
  const session: Session = {
    next: () => {
      if (isStarted) return undefined;
      isStarted = true;
      return [{ steps: [step] }];
    },
    restart: () => undefined,
  };
  await readSession(account, session, warn, signal);
}

/** Runs a session that only reads. @throws FatalError with what stopped it */
export async function readSession(
  account: Account,
  session: Session,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await dryRun({
    session,
    ...toEnginePorts(account),
    signal,
    onEvent: (event) => {
      if (event.type === 'warning') warn(event.message);
    },
    onPlannedWrite: ({ operation }) => {
      throw new Error(`a read was followed by a write: ${operation}`);
    },
  });
}
