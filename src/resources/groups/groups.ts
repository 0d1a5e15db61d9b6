/** Groups as a resource: what `apply` and `plan` work on. */
import { BODY_CHOICES, isApi } from '../../model/choices.js';
import type { IdColumn, Resource } from '../resource.js';
import { GROUPS_APIS } from './api/groups-apis.js';
import { defineGroupInput, type GroupItem } from './fields.js';
import { type GroupsOptions, GroupsSession } from './session.js';

export const GROUP_ID_COLUMNS: readonly IdColumn[] = [{ id: 'groupId', column: 'zoom__group_id' }];

export const groups: Resource<GroupItem, GroupsOptions> = {
  kind: 'groups',
  idColumns: GROUP_ID_COLUMNS,
  isOptions: ({ api, update, body, listing }: Partial<Record<keyof GroupsOptions, unknown>>) =>
    isApi(api) &&
    typeof update === 'boolean' &&
    typeof listing === 'boolean' &&
    BODY_CHOICES.some((choice) => choice === body),
  input: ({ api }) => defineGroupInput(GROUPS_APIS[api].settings.includes('description')),
  writeLabel: ({ api }) => GROUPS_APIS[api].create({ name: 'x' }, 'json').label,
  scopes: ({ api, update, listing }) => {
    const { read, create, update: change } = GROUPS_APIS[api].scopes;
    return [...(listing ? [read] : []), create, ...(update ? [change] : [])];
  },
  open: (context) => new GroupsSession(context),
};
