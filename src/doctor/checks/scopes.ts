/** The scopes that each command needs, and which of them a token names. */
import type { Api } from '../../model/choices.js';
import { GROUPS_APIS } from '../../resources/groups/api/groups-apis.js';
import { MEMBERS_APIS } from '../../resources/members/api/members-apis.js';
import { USERS_SCOPES } from '../../resources/members/api/users.js';

/** Of each list one scope is enough: classic ones first, granular ones after them. */
export type CommandScopes = { readonly command: string; readonly needs: readonly (readonly string[])[] };

export const PLAN_USAGE_SCOPE = 'billing:read:plan_usage:admin';

export function scopesOfCommands(api: Api): readonly CommandScopes[] {
  const { scopes } = GROUPS_APIS[api];
  return [
    { command: 'apply', needs: [scopes.read, scopes.create] },
    { command: 'plan', needs: [scopes.read] },
    { command: 'export', needs: [scopes.read] },
    { command: 'apply --update', needs: [scopes.read, scopes.create, scopes.update] },
    { command: 'rollback', needs: [scopes.read, scopes.get, scopes.delete] },
    { command: 'members', needs: [scopes.read, ...scopesOfMembers(api)] },
  ];
}

/** Contact groups take ids, so that addresses are looked up in the account's users. */
function scopesOfMembers(api: Api): readonly (readonly string[])[] {
  const { scopes, addsBy } = MEMBERS_APIS[api];
  return [scopes.list, scopes.add, scopes.remove, ...(addsBy === 'id' ? [USERS_SCOPES] : [])];
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
