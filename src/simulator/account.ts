/** The simulated account, what a call is given, and the calls about the account itself. */
import type { GroupStore } from './group-store.js';
import type { Plan } from './rate-limits.js';
import { USER_STATUSES, type UserDirectory } from './users.js';
import { type HttpResponse, type RequestBody, respondWithPage, validationError } from './wire.js';

export type Account = {
  readonly plan: Plan;
  readonly groups: GroupStore;
  readonly users: UserDirectory;
};

export type Call = Account & {
  readonly groupId: string;
  readonly memberId: string;
  readonly query: URLSearchParams;
  readonly body: RequestBody;
  /** ms since 1970 */
  readonly now: number;
  /** The kinds that occur: some change a detail of what the call does. */
  readonly faults: ReadonlySet<string>;
  /** How late new groups and new members are listed. */
  readonly listLagMs: number;
  readonly memberLagMs: number;
};

const PAGE_SIZES = { default: 30, max: 2_000 };

/** `GET /users` */
export function listUsers(call: Call): HttpResponse {
  const status = call.query.get('status') ?? 'active';
  if (!USER_STATUSES.some((one) => one === status)) {
    return validationError([{ field: 'status', message: `Must be one of ${USER_STATUSES.join(', ')}.` }]);
  }
  const matching = call.users.all.filter((user) => (user.status ?? 'active') === status);
  return respondWithPage(matching, call, PAGE_SIZES, (page) => ({
    total_records: matching.length,
    users: page.map(({ id, ...user }) => ({
      ...(id === undefined ? {} : { id, im_group_ids: call.groups.groupsOfMember(id) }),
      ...user,
      type: 2,
      status,
    })),
  }));
}

/** Inferred: which `plan_base.type` belongs to which plan. */
const PLAN_TYPES: Readonly<Record<Plan, string>> = {
  free: 'free',
  pro: 'monthly',
  business: 'business_monthly',
};

/** `GET /accounts/me/plans/usage`, the only call that hints at the plan. */
export function getPlanUsage({ plan, users: { all } }: Call): HttpResponse {
  const plan_base = { type: PLAN_TYPES[plan], hosts: all.length, usage: all.length, pending: 0 };
  return { status: 200, body: { plan_base } };
}
