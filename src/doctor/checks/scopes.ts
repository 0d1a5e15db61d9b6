/** The scopes that each command needs, and which of them a token names. */
import type { Api } from '../../resources/groups/api.js';
import { GROUPS_APIS } from '../../resources/groups/apis.js';

/** Of each list one scope is enough: classic ones first, granular ones after them. */
export type CommandScopes = { readonly command: string; readonly needs: readonly (readonly string[])[] };

export const USERS_SCOPES: readonly string[] = ['user:read:admin', 'user:read:list_users:admin'];
export const PLAN_USAGE_SCOPE = 'billing:read:plan_usage:admin';

export function scopesOfCommands(api: Api): readonly CommandScopes[] {
  const { scopes } = GROUPS_APIS[api];
  return [
    { command: 'apply', needs: [scopes.read, scopes.create] },
    { command: 'plan', needs: [scopes.read] },
    { command: 'export', needs: [scopes.read] },
    { command: 'apply --update', needs: [scopes.read, scopes.create, scopes.update] },
    { command: 'rollback', needs: [scopes.read, scopes.delete] },
    { command: 'members', needs: [scopes.read, ...MEMBER_SCOPES[api]] },
  ];
}

/** To list, add and remove members; contact groups need ids, so that addresses are looked up in the users. */
const MEMBER_SCOPES: Readonly<Record<Api, readonly (readonly string[])[]>> = {
  im: [
    ['imgroup:read:admin', 'contact_group:read:list_members:admin'],
    ['imgroup:write:admin', 'contact_group:write:member:admin'],
    ['imgroup:write:admin', 'contact_group:delete:member:admin'],
  ],
  contacts: [
    ['contact_group:read:admin', 'contact_group:read:list_members:admin'],
    ['contact_group:write:admin', 'contact_group:write:member:admin'],
    ['contact_group:write:admin', 'contact_group:delete:member:admin'],
    USERS_SCOPES,
  ],
};

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
