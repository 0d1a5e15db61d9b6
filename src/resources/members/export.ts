/** The memberships of the account's groups, as the CSV that `members` reads. */
import type { Api } from '../../model/choices.js';
import { createStop } from '../../model/stop.js';
import { formatCsvLine } from '../../text/csv-cell.js';
import { createSession } from '../create-session.js';
import type { Group } from '../groups/api/group.js';
import { listRequiredGroups } from '../groups/api/list-groups.js';
import type { Judgement, Phase, Session } from '../resource.js';
import { listMembers, pickUsers } from './api/list-members.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { PeopleIndex } from './api/people-index.js';
import { listUsers, type UserIndex } from './api/users.js';

export const MEMBERS_CSV_HEADER: string = formatCsvLine(['group', 'email'], ',');

export type MembersExport = {
  readonly api: Api;
  /** Receives the lines of one group. */
  readonly onLines: (lines: string) => void;
};

export function openMembersExport(options: MembersExport): Session {
  return createSession(() => createPhases(options));
}

/** Reads groups, users if members come without addresses, then the members of each group. */
function* createPhases(options: MembersExport): Generator<Phase> {
  const { groups: groupsApi, addsBy } = MEMBERS_APIS[options.api];
  let groups: Iterable<Group> = [];
  const list = listRequiredGroups(groupsApi, 'their members are wanted', (found) => {
    groups = found;
  });
  yield [{ steps: [list] }];
  const users: UserIndex = new PeopleIndex();
  if (addsBy === 'id') yield [{ steps: listUsers(users) }];
  yield readMembers(options, groups, users);
}

function* readMembers(
  { api, onLines }: MembersExport,
  groups: Iterable<Group>,
  users: UserIndex,
): Generator<Judgement> {
  for (const { id: groupId, name } of groups) {
    const shown = JSON.stringify(name);
    const step = listMembers(MEMBERS_APIS[api], groupId, 0, (listing): Judgement => {
      if (listing.type === 'failed') {
        const { reply, reason } = listing;
        if (reply.type === 'fatal') return { stop: reply.stop };
        const message = `the members of ${shown} could not be read: ${reason}`;
        return { stop: createStop('listing-failed', message, 'Retry later.') };
      }
      const { items } = listing;
      const emails = pickUsers(items).flatMap(({ id, email }) => email ?? users.find({ id })?.email ?? []);
      onLines(emails.map((email) => formatCsvLine([name, email], ',')).join(''));
      const missing = items.size - emails.length;
      if (missing === 0) return {};
      const what = `${missing} of its members ${missing === 1 ? 'is' : 'are'} left out`;
      return { warnings: [`${shown}: ${what}: user groups, or users without an address`] };
    });
    yield { steps: [step] };
  }
}
