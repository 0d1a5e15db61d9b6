/** The scopes that each command needs, and which of them a token names. */
import type { Api } from '../../model/choices.js';
import { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import { MEMBERS_APIS } from '../../resources/members/api/members-apis.js';
import { USERS_SCOPES } from '../../resources/members/api/users.js';

export const PLAN_USAGE_SCOPE = 'billing:read:plan_usage:admin';

/** Of each list one scope is enough: classic ones first, granular ones after them. */
export function scopesOfCommands(
  api: Api,
): readonly { readonly command: string; readonly needs: readonly (readonly string[])[] }[] {
  const { scopes } = GROUPS_APIS[api];
  const { scopes: members, addsBy } = MEMBERS_APIS[api];
  // What takes ids needs the account's users, in which addresses are looked up.
  const users = addsBy === 'id' ? [USERS_SCOPES] : [];
  return [
    { command: 'apply', needs: [scopes.read, scopes.create] },
    { command: 'plan', needs: [scopes.read] },
    { command: 'export', needs: [scopes.read] },
    { command: 'apply --update', needs: [scopes.read, scopes.create, scopes.update] },
    { command: 'rollback', needs: [scopes.read, scopes.get, scopes.delete] },
    { command: 'members', needs: [scopes.read, members.list, members.add, members.remove, ...users] },
  ];
}

/** The lists of which a token has no scope. */
export function missingScopes(
  needs: readonly (readonly string[])[],
  granted: readonly string[],
): readonly (readonly string[])[] {
  return needs.filter((alternatives) => !alternatives.some((scope) => granted.includes(scope)));
}

/** `imgroup:read:admin or contact_group:read:list_groups:admin` */
export function formatAlternatives(lists: readonly (readonly string[])[]): string {
  return [...new Set(lists.map((alternatives) => alternatives.join(' or ')))].join('; ');
}
