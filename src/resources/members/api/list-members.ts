/** The members of one group, found by id or by e-mail address. */
import { type PagesResult, readPages } from '../../paging/read-pages.js';
import type { Judgement, Step } from '../../resource.js';
import { emailKey, type Member, type MembersApi, type Person } from './members-api.js';

export class MemberIndex {
  readonly #byId = new Map<string, Member>();
  readonly #byEmail = new Map<string, Member>();
  readonly #users: Member[] = [];
  #userGroups = 0;

  get size(): number {
    return this.#users.length + this.#userGroups;
  }

  /** Without the user groups, which may be members of contact groups. */
  get users(): readonly Member[] {
    return this.#users;
  }

  /** Whether the member is new; one that comes on two pages counts once. */
  add(member: Member): boolean {
    const { type, id, email } = member;
    if (
      (id !== undefined && this.#byId.has(id)) ||
      (email !== undefined && this.#byEmail.has(emailKey(email)))
    ) {
      return false;
    }
    if (id !== undefined) this.#byId.set(id, member);
    if (email !== undefined) this.#byEmail.set(emailKey(email), member);
    if (type === 'user') this.#users.push(member);
    else this.#userGroups += 1;
    return true;
  }

  find({ id, email }: Person): Member | undefined {
    return (id === undefined ? undefined : this.#byId.get(id)) ?? this.#byEmail.get(emailKey(email));
  }

  hasId(id: string): boolean {
    return this.#byId.has(id);
  }
}

export type MembersListing = PagesResult<MemberIndex>;
export type FailedMembersListing = Extract<MembersListing, { type: 'failed' }>;

export function explainFailedReading({ reply, reason }: FailedMembersListing): string {
  return reply.type === 'not-found'
    ? `group not found: ${reason}`
    : `the members of the group could not be read: ${reason}`;
}

/** The members of one group, as one chain of page requests. */
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
    createCollection: () => new MemberIndex(),
    delayMs,
    done,
  });
}
