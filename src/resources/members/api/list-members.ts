/** The listing of the members of one group, as one chain of page requests. */
import { type FailedListing, type PagesResult, readPages } from '../../paging/read-pages.js';
import type { Judgement, Step } from '../../resource.js';
import type { Member, MembersApi } from './members-api.js';
import { PeopleIndex } from './people-index.js';

export type MemberIndex = PeopleIndex<Member>;

/** Without the user groups, which may be members of contact groups. */
export function pickUsers(index: MemberIndex): readonly Member[] {
  return [...index].filter(({ type }) => type === 'user');
}

export type MembersListing = PagesResult<MemberIndex>;

export function explainFailedReading({ reply, reason }: FailedListing): string {
  return reply.type === 'not-found'
    ? `group not found: ${reason}`
    : `the members of the group could not be read: ${reason}`;
}

export function listMembers(
  api: MembersApi,
  groupId: string,
  delayMs: number,
  done: (listing: MembersListing) => Judgement,
): Step {
  return readPages({
    operation: 'list-members',
    call: api.list(groupId),
    listField: api.listField,
    parse: api.parse,
    createCollection: () => new PeopleIndex<Member>(),
    delayMs,
    done,
  });
}
