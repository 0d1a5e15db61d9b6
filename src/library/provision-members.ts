/** Memberships for a program: adds people to groups, or removes them. */
import { DEFAULT_API } from '../model/choices.js';
import { members } from '../resources/members/members.js';
import type { MembersOptions } from '../resources/members/options.js';
import { checkArguments, oneOf } from './check-arguments.js';
import { type AccountOptions, type ProvisionResult, runRows, validateEntries } from './run-rows.js';

export type Membership = {
  /** The group's name. */
  readonly group: string;
  readonly email: string;
};

/** Who is to be a member of what, and where. */
export type ProvisionMembersOptions = AccountOptions & {
  /** In order. All of them are validated before the first request. */
  readonly memberships: Iterable<Membership> | AsyncIterable<Membership>;
  /** Default `add`. `remove` removes the people named. */
  readonly mode?: 'add' | 'remove';
};

/**
 * Adds every user who is not a member yet; each status rests on evidence.
 * @throws InvalidDefinitionsError if a membership is invalid, FatalError if an option is wrong: nothing was sent then
 */
export async function provisionMembers(options: ProvisionMembersOptions): Promise<ProvisionResult> {
  checkArguments(options, 'memberships', { mode: oneOf(['add', 'remove']) });
  const { memberships, api = DEFAULT_API, mode = 'add' } = options;
  const resourceOptions: MembersOptions = { api, mode };
  const properties = [
    ['group', 'group'],
    ['email', 'email'],
  ] as const;
  const rows = await validateEntries(members, resourceOptions, memberships, properties);
  return runRows({ resource: members, resourceOptions, rows, options });
}
