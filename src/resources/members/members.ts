/** Memberships as a resource: what `members` works on. */
import { isApi } from '../../model/choices.js';
import type { IdColumn, Resource } from '../resource.js';
import { MEMBERS_APIS } from './api/members-apis.js';
import { defineMemberInput, type MemberItem } from './fields.js';
import { type MembersOptions, openMembersSession } from './session.js';
import { USERS_SCOPES } from './users.js';

export const MEMBER_ID_COLUMNS: readonly IdColumn[] = [
  { id: 'groupId', column: 'zoom__group_id' },
  { id: 'userId', column: 'zoom__user_id' },
];

const MODES: readonly MembersOptions['mode'][] = ['add', 'remove', 'sync'];

function isMaxRemovals(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { n, percent }: { n?: unknown; percent?: unknown } = value;
  return typeof n === 'number' && typeof percent === 'boolean';
}

export const members: Resource<MemberItem, MembersOptions> = {
  kind: 'members',
  idColumns: MEMBER_ID_COLUMNS,
  isOptions: ({ api, mode, group, split, maxRemovals }: Partial<Record<keyof MembersOptions, unknown>>) =>
    isApi(api) &&
    MODES.some((one) => one === mode) &&
    [group, split].every((text) => text === undefined || typeof text === 'string') &&
    (maxRemovals === undefined || isMaxRemovals(maxRemovals)),
  input: ({ mode, group, split }) =>
    defineMemberInput({
      operation: mode === 'remove' ? 'remove' : 'add',
      ...(group === undefined ? {} : { group }),
      ...(split === undefined ? {} : { split }),
    }),
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
  open: (context) => openMembersSession(context),
};
