/** The memberships of the account's groups, as the CSV that `members` reads. */

import type { Api } from '../../model/choices.js';
import { createStop } from '../../model/stop.js';
import { formatCsvLine } from '../../text/csv-cell.js';
import type { Group } from '../groups/api/group.js';
import type { GroupIndex } from '../groups/api/group-index.js';
import { listGroups } from '../groups/api/list-groups.js';
import { explainFailedListing } from '../groups/session.js';
import type { Judgement, Session } from '../resource.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { listMembers, type MembersListing } from './member-index.js';
import { listUsers, USER_STATUSES, USERS_SCOPES, UserIndex } from './users.js';

export const MEMBERS_CSV_HEADER: string = formatCsvLine(['group', 'email'], ',');

export type MembersExport = {
  readonly api: Api;
  /** Receives the lines of one group. */
  readonly onLines: (lines: string) => void;
};

/** Reads groups, users if members come without addresses, then the members of each group. */
export function openMembersExport(options: MembersExport): Session {
  const { groups: groupsApi, addsBy } = MEMBERS_APIS[options.api];
  const users = new UserIndex();
  let groups: GroupIndex | undefined;
  const phases: readonly (() => Iterable<Judgement>)[] = [
    () => [
      {
        steps: [
          listGroups(groupsApi, (listing) => {
            if (listing.type === 'failed')
              return { stop: explainFailedListing(listing, 'their members are wanted', groupsApi) };
            groups = listing.items;
            return {};
          }),
        ],
      },
    ],
    () => (addsBy === 'id' ? [{ steps: USER_STATUSES.map((status) => readUsers(status, users)) }] : []),
    () => readAll(options, groups ?? [], users),
  ];
  let at = 0;
  return {
    next: (draining) => {
      at += 1;
      return draining ? undefined : phases[at - 1]?.();
    },
    restart: () => {
      at = 0;
    },
  };
}

function readUsers(status: (typeof USER_STATUSES)[number], users: UserIndex): ReturnType<typeof listUsers> {
  return listUsers(status, (listing) => {
    if (listing.type === 'complete') {
      for (const user of listing.items) users.add(user);
      return {};
    }
    if (listing.reply.type === 'fatal') return { stop: listing.reply.stop };
    const message = `the ${status} users of the account could not be listed: ${listing.reason}`;
    const hint = `Contact groups name user ids; for their addresses the app needs one of these scopes: ${USERS_SCOPES.join(', ')}.`;
    return { stop: createStop('listing-failed', message, hint) };
  });
}

function* readAll(
  { api, onLines }: MembersExport,
  groups: Iterable<Group>,
  users: UserIndex,
): Generator<Judgement> {
  for (const group of groups) {
    yield {
      steps: [
        listMembers(MEMBERS_APIS[api], group.id, 0, (listing) => {
          if (listing.type === 'failed') return failExport(group, listing);
          const { lines, withoutAddress } = formatMembers(group, listing, users);
          onLines(lines);
          if (withoutAddress === 0) return {};
          const what = `${withoutAddress} of its members ${withoutAddress === 1 ? 'is' : 'are'} left out`;
          return {
            warnings: [`${JSON.stringify(group.name)}: ${what}: user groups, or users without an address`],
          };
        }),
      ],
    };
  }
}

function failExport(group: Group, { reply, reason }: Extract<MembersListing, { type: 'failed' }>): Judgement {
  if (reply.type === 'fatal') return { stop: reply.stop };
  const message = `the members of ${JSON.stringify(group.name)} could not be read: ${reason}`;
  return { stop: createStop('listing-failed', message, 'Retry later.') };
}

function formatMembers(
  { name }: Group,
  { items }: Extract<MembersListing, { type: 'complete' }>,
  users: UserIndex,
): { readonly lines: string; readonly withoutAddress: number } {
  const emails = items.users.flatMap(
    ({ id, email }) => email ?? (id === undefined ? undefined : users.findEmail(id)) ?? [],
  );
  const lines = emails.map((email) => formatCsvLine([name, email], ',')).join('');
  return { lines, withoutAddress: items.size - emails.length };
}
