/** What `doctor` observes without a write: the account's answers to a few reads, and this machine. */

import type { ObservedResponse } from '../../model/api.js';
import type { Call } from '../../model/call.js';
import type { AccountPlan, Api } from '../../model/choices.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import { USER_STATUSES, type UserStatus } from '../../resources/members/users.js';
import type { Leftover } from './leftovers.js';
import { type ReadList, readList } from './read-list.js';
import type { Outcome, Requests } from './requests.js';
import type { Remaining } from './temporary-groups.js';
import type { Trials } from './trials.js';

/** One of the two group APIs. */
export type GroupsObservation = ReadList & {
  readonly api: GroupsApi;
  /** The first listed group, asked for by the id that the list gives it. */
  readonly one?: { readonly listedId: string; readonly outcome: Outcome };
  /** A group that cannot exist, asked for by id. */
  readonly missing?: Outcome;
  /** What `--write` showed. */
  readonly trials?: Trials;
};

/** This machine, as far as it matters. */
export type MachineObservation = {
  readonly simulated: boolean;
  readonly accountPlan: AccountPlan;
  /** A token that was made elsewhere, or an app's credentials. */
  readonly credentials: 'token' | 'app';
  /** What Zoom said of the token. */
  readonly grant?: {
    readonly expiresInS?: number;
    readonly scopes?: readonly string[];
    readonly apiUrl?: string;
  };
  readonly baseUrl: string;
  /** Whether requests to Zoom take a proxy. */
  readonly usesProxy: boolean;
  readonly hasExtraCertificates: boolean;
  /** A system error's words if no lock can be written there. */
  readonly stateFolderError?: string;
  /** The run that holds this account now, if there is one. */
  readonly lockOwner?: string;
};

export type Observations = {
  readonly groups: Readonly<Record<Api, GroupsObservation>>;
  readonly users: Readonly<Record<UserStatus, Outcome>>;
  readonly planUsage: Outcome;
  readonly responses: readonly { readonly call: Call; readonly response: ObservedResponse }[];
  readonly machine: MachineObservation;
  /** Temporary groups of an earlier `doctor`. */
  readonly leftovers: readonly Leftover[];
  /** Temporary groups of this one that could not be deleted. */
  readonly remaining: readonly Remaining[];
};

/** 22 characters, as Zoom's ids have, that no group has. */
const MISSING_ID = 'zzDoctorNoSuchGroup000';

/** After so long, a list is read no further. */
const LIST_MS = 12_000;

const PLAN_USAGE: Call = {
  label: 'heavy',
  method: 'GET',
  path: '/accounts/me/plans/usage',
  success: 200,
};

/** Reads what tells about the account. The first call gets the token; the others follow at the same time. */
export async function observeAccount(
  requests: Requests,
  signal: AbortSignal,
): Promise<Pick<Observations, 'groups' | 'users' | 'planUsage'>> {
  const im = await observeGroups(requests, GROUPS_APIS.im, signal);
  const [contacts, planUsage, ...users] = await Promise.all([
    observeGroups(requests, GROUPS_APIS.contacts, signal),
    requests.ask(PLAN_USAGE, signal),
    ...USER_STATUSES.map((status) => requests.ask(listUsers(status), signal)),
  ]);
  const [active = planUsage, inactive = planUsage, pending = planUsage] = users;
  return { groups: { im, contacts }, planUsage, users: { active, inactive, pending } };
}

function listUsers(status: UserStatus): Call {
  return { label: 'medium', method: 'GET', path: '/users', query: { status, page_size: '30' }, success: 200 };
}

async function observeGroups(
  requests: Requests,
  api: GroupsApi,
  signal: AbortSignal,
): Promise<GroupsObservation> {
  const listing = await readList(requests, api, signal, LIST_MS);
  if (listing.list.type !== 'success') return { api, ...listing };
  const [first] = listing.groups;
  const one = first && {
    listedId: first.id,
    outcome: await requests.ask(api.get(first.id), signal),
  };
  const missing = await requests.ask(api.get(MISSING_ID), signal);
  return { api, ...listing, ...(one ? { one } : {}), missing };
}
