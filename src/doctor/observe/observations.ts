/** What `doctor` observes: the account's answers, and this machine. */

import type { ObservedResponse } from '../../model/api.js';
import type { AccountPlan, Api, BodyFormat } from '../../model/choices.js';
import type { GroupsApi } from '../../resources/groups/api/groups-api.js';
import { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import type { UserStatus } from '../../resources/members/api/users.js';
import type { RecordedGroup } from '../../storage/doctor-record.js';
import { listUsers } from './find-person.js';
import type { Leftover } from './leftovers.js';
import { type ReadList, readList } from './read-list.js';
import type { Outcome, Requests } from './requests.js';
import type { CreateOutcome } from './temporary-groups.js';

export type GroupsObservation = ReadList & {
  readonly api: GroupsApi;
  /** The first listed group, asked for by the id that the list gives it. */
  readonly one?: { readonly listedId: string; readonly outcome: Outcome };
  /** A group that cannot exist, asked for by id. */
  readonly missing?: Outcome;
  /** What the creates of `--write` showed, by the body formats that the API may take. */
  readonly bodies?: Bodies;
  /** The id of a group that `--write` created, as the create and a list spell it. */
  readonly created?: { readonly id: string; readonly listed?: { readonly found: string } };
};

export type Bodies = Partial<Record<BodyFormat, CreateOutcome>>;

export type MachineObservation = {
  readonly simulated: boolean;
  readonly accountPlan: AccountPlan;
  /** A token that was made elsewhere, or an app's credentials. */
  readonly credentials: 'token' | 'app';
  readonly grant?: {
    readonly expiresInS?: number;
    readonly scopes?: readonly string[];
  };
  readonly baseUrl: string;
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
  readonly responses: readonly ObservedResponse[];
  readonly machine: MachineObservation;
  /** Temporary groups of an earlier `doctor`. */
  readonly leftovers: readonly Leftover[];
  /** Temporary groups of this one that could not be deleted. */
  readonly remaining: readonly RecordedGroup[];
};

/** 22 characters, as Zoom's ids have, that no group has. */
const MISSING_ID = 'zzDoctorNoSuchGroup000';

/** Enough to see what a user looks like. */
const USERS_PAGE_SIZE = 30;

/** Reads what tells about the account. The first call gets the token; the others follow at the same time. */
export async function observeAccount(
  requests: Requests,
): Promise<Pick<Observations, 'groups' | 'users' | 'planUsage'>> {
  const im = await observeGroups(requests, GROUPS_APIS.im);
  const [contacts, planUsage, active, inactive, pending] = await Promise.all([
    observeGroups(requests, GROUPS_APIS.contacts),
    requests.ask({ label: 'heavy', method: 'GET', path: '/accounts/me/plans/usage', success: 200 }),
    requests.ask(listUsers('active', USERS_PAGE_SIZE)),
    requests.ask(listUsers('inactive', USERS_PAGE_SIZE)),
    requests.ask(listUsers('pending', USERS_PAGE_SIZE)),
  ]);
  return { groups: { im, contacts }, planUsage, users: { active, inactive, pending } };
}

async function observeGroups(requests: Requests, api: GroupsApi): Promise<GroupsObservation> {
  const observation = { api, ...(await readList(requests, api)) };
  if (observation.list.type !== 'success') return observation;
  const [first] = observation.groups;
  const one = first && { listedId: first.id, outcome: await requests.ask(api.get(first.id)) };
  const missing = await requests.ask(api.get(MISSING_ID));
  return { ...observation, ...(one ? { one } : {}), missing };
}
