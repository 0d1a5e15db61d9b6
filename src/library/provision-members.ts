/** Memberships for a program: adds people to groups, or removes them. */
import { DEFAULT_API } from '../model/choices.js';
import { members } from '../resources/members/members.js';
import type { MembersOptions } from '../resources/members/options.js';
import {
  type AccountOptions,
  argumentError,
  checkAccountOptions,
  checkIsObject,
  checkIterable,
  type ProvisionResult,
  runRows,
  validateEntries,
} from './run-rows.js';

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

const MODES: readonly string[] = ['add', 'remove'];

/**
 * Adds every user who is not a member yet; each status rests on evidence.
 * @throws InvalidDefinitionsError if a membership is invalid, FatalError if an option is wrong: nothing was sent then
 */
export async function provisionMembers(options: ProvisionMembersOptions): Promise<ProvisionResult> {
  checkIsObject(options);
  const { api = DEFAULT_API, mode = 'add' } = options;
  checkIterable('memberships', options.memberships);
  checkAccountOptions(options);
  if (!MODES.includes(mode)) throw argumentError('mode', MODES.join(' or '));
  const resourceOptions: MembersOptions = { api, mode };
  const rows = await validateEntries(
    members,
    resourceOptions,
    ['group', 'email'],
    toCells(options.memberships),
  );
  return runRows(members, resourceOptions, rows, options);
}

async function* toCells(
  memberships: ProvisionMembersOptions['memberships'],
): AsyncGenerator<readonly unknown[]> {
  for await (const membership of memberships) {
    const given: Partial<Membership> =
      typeof membership === 'object' && membership !== null ? membership : {};
    yield [given.group, given.email];
  }
}
