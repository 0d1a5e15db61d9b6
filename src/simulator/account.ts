/** The simulated account, and what a call to it is given. */
import { DEFAULT_GROUPS, GroupStore, type SimulatedGroup } from './group-store.js';
import type { Plan } from './rate-limits.js';
import {
  DEFAULT_USER_GROUPS,
  DEFAULT_USERS,
  type SimulatedUser,
  type SimulatedUserGroup,
  UserDirectory,
} from './users.js';
import type { RequestBody } from './wire.js';

/** What a call does to the account; faults choose their requests by it. */
export type Operation =
  | 'create'
  | 'update'
  | 'delete'
  | 'read'
  | 'list-groups'
  | 'add-members'
  | 'remove-members'
  | 'list-members'
  | 'list-users';

export type AccountOptions = {
  readonly accountPlan?: Plan;
  readonly groups?: readonly SimulatedGroup[];
  /** A number stands for so many active users, `user1@example.com` and on. */
  readonly users?: readonly SimulatedUser[] | number;
  readonly userGroups?: readonly SimulatedUserGroup[];
};

export type Account = {
  readonly plan: Plan;
  readonly groups: GroupStore;
  readonly users: UserDirectory;
  readonly userGroups: ReadonlyMap<string, { readonly name: string }>;
};

/** @param now the clock, in ms since 1970 */
export function createAccount(options: AccountOptions, now: () => number): Account {
  const users = new UserDirectory(options.users ?? DEFAULT_USERS);
  const userIds = users.all.flatMap(({ id }) => id ?? []);
  const userGroups = options.userGroups ?? DEFAULT_USER_GROUPS;
  return {
    plan: options.accountPlan ?? 'pro',
    groups: new GroupStore(options.groups ?? DEFAULT_GROUPS, userIds, now),
    users,
    userGroups: new Map(userGroups.map((userGroup) => [userGroup.id, userGroup])),
  };
}

/** What faults change in the result of a call that otherwise succeeds. */
export type CallFaults = {
  readonly listLagMs: number;
  readonly memberLagMs: number;
  readonly foldsNames: boolean;
  readonly hidesMemberCounts: boolean;
  readonly addsNobody: boolean;
};

export type Call = Account &
  CallFaults & {
    readonly groupId: string;
    readonly memberId: string;
    readonly query: URLSearchParams;
    readonly body: RequestBody;
    /** ms since 1970 */
    readonly now: number;
  };
