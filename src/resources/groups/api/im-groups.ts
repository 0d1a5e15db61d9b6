/** IM groups: paths, fields and capabilities, from Zoom's API reference (OpenAPI of March 2026). */
import { type CallBody, MAX_LIST_BYTES } from '../../../model/call.js';
import type { BodyFormat } from '../../../model/choices.js';
import { isGroupType, type SettingName, type Settings } from './group.js';
import { type GroupsApi, toGroup, toPath } from './groups-api.js';

const PATH = '/im/groups';

/** Zoom's field names, in the order of its Postman collection. */
const FIELDS: readonly (readonly [SettingName, string])[] = [
  ['type', 'type'],
  ['searchByDomain', 'search_by_domain'],
  ['searchByAccount', 'search_by_account'],
  ['searchByMaAccount', 'search_by_ma_account'],
];

export const imGroups: GroupsApi = {
  name: 'im',
  noun: 'IM groups',
  settings: ['type', 'searchByDomain', 'searchByAccount', 'searchByMaAccount'],
  uniqueNames: true,
  // Zoom's Postman collection sends a form, its reference documents JSON only: the first create settles it. Doctor
  // check `body`.
  bodyFormats: ['multipart', 'json'],
  scopes: {
    read: ['imgroup:read:admin', 'contact_group:read:list_groups:admin'],
    get: ['imgroup:read:admin', 'contact_group:read:group:admin'],
    create: ['imgroup:write:admin', 'contact_group:write:group:admin'],
    update: ['imgroup:write:admin', 'contact_group:update:group:admin'],
    delete: ['imgroup:write:admin', 'contact_group:delete:group:admin'],
  },
  listField: 'groups',
  idField: 'id',
  nameField: 'name',
  // The reference documents neither parameters nor pages; a page token is followed if one comes. Doctor check `listing`.
  list: { label: 'medium', method: 'GET', path: PATH, success: 200, maxBodyBytes: MAX_LIST_BYTES },
  get: (groupId) => ({ label: 'light', method: 'GET', path: toPath(PATH, groupId), success: 200 }),
  create: ({ name, ...settings }, format) => ({
    label: 'light',
    method: 'POST',
    path: PATH,
    success: 201,
    body: toBody([['name', name], ...toFields(settings)], format),
  }),
  // The fields that are absent stay as they are. Inferred: doctor check `update`.
  update: (groupId, { name, ...settings }) => ({
    label: 'light',
    method: 'PATCH',
    path: toPath(PATH, groupId),
    success: 204,
    body: toBody([...(name === undefined ? [] : [['name', name] as const]), ...toFields(settings)], 'json'),
  }),
  remove: (groupId) => ({ label: 'light', method: 'DELETE', path: toPath(PATH, groupId), success: 204 }),
  parse: (wire) => {
    const group = toGroup(wire.id, wire.name, wire.total_members);
    if (!group) return undefined;
    if (isGroupType(wire.type)) group.type = wire.type;
    if (typeof wire.search_by_domain === 'boolean') group.searchByDomain = wire.search_by_domain;
    if (typeof wire.search_by_account === 'boolean') group.searchByAccount = wire.search_by_account;
    if (typeof wire.search_by_ma_account === 'boolean') group.searchByMaAccount = wire.search_by_ma_account;
    return group;
  },
};

type WireField = readonly [string, string | boolean];

/** A setting that is absent is not sent: Zoom's default holds. */
function toFields(settings: Settings): readonly WireField[] {
  return FIELDS.flatMap(([setting, word]) => {
    const value = settings[setting];
    return value === undefined ? [] : [[word, value] as const];
  });
}

/** In a form, a boolean is the word `true` or `false`. */
function toBody(fields: readonly WireField[], format: BodyFormat): CallBody {
  if (format === 'json') return { type: 'json', value: Object.fromEntries(fields) };
  return { type: 'form', parts: fields.map(([word, value]) => [word, String(value)] as const) };
}
