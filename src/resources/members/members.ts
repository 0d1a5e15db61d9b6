/** Memberships as a resource: what `members` works on. */
import type { IdColumn, Resource } from '../resource.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { USERS_SCOPES } from './api/users.js';
import { defineMemberInput, type MemberItem } from './fields.js';
import { isMembersOptions, type MembersOptions } from './options.js';
import { MembersSession } from './session.js';

export const MEMBER_ID_COLUMNS: readonly IdColumn[] = [
  { id: 'groupId', column: 'zoom__group_id' },
  { id: 'userId', column: 'zoom__user_id' },
];

export const members: Resource<MemberItem, MembersOptions> = {
  kind: 'members',
  idColumns: MEMBER_ID_COLUMNS,
  isOptions: isMembersOptions,
  input: defineMemberInput,
  writeLabel: ({ api, mode }) => {
    const { add, remove } = MEMBERS_APIS[api];
    return mode === 'remove' ? remove('x', ['x']).label : add('x', []).label;
  },
  scopes: ({ api, mode }) => {
    const { groups, addsBy, scopes } = MEMBERS_APIS[api];
    return [
      groups.scopes.read,
      scopes.list,
      ...(addsBy === 'id' ? [USERS_SCOPES] : []),
      ...(mode === 'remove' ? [] : [scopes.add]),
      ...(mode === 'add' ? [] : [scopes.remove]),
    ];
  },
  open: (context) => new MembersSession(context),
};
