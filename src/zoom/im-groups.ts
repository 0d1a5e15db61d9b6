/** IM groups: Zoom's paths and fields for them, behind the directory's port. */
import type { Directory } from '../model/directory.js';
import { type Definition, GROUP_TYPES, type Group, type Settings } from '../resources/groups/group.js';
import { type Api, caller } from './api-client.js';
import type { Rest } from './listing-parser.js';

/** One of these lets an app create IM groups: the classic scope, or the granular one. */
export const IM_WRITE_SCOPES: readonly string[] = ['imgroup:write:admin', 'contact_group:write:group:admin'];

/** Zoom's words for our settings, in the order in which its Postman collection sends them. */
const FIELDS: readonly (readonly [keyof Settings, string])[] = [
  ['type', 'type'],
  ['searchByDomain', 'search_by_domain'],
  ['searchByAccount', 'search_by_account'],
  ['searchByMaAccount', 'search_by_ma_account'],
];

/** How a create is written: Zoom's Postman collection has a form, its later references name only JSON. */
export type Body = 'multipart' | 'json';

const PATH = '/im/groups';

/** The account's IM groups. */
export function imDirectory(api: Api, body: Body): Directory {
  const call = caller(api, (answer) => answer.id, body === 'json' ? '--body multipart' : '--body json');
  const one = (groupId: string): string => `${PATH}/${encodeURIComponent(groupId)}`;
  return {
    api: 'im',
    unsupported: ['description'],
    list: () => call.list(PATH, {}, groupOf),
    create: (definition) => {
      const fields = fieldsOf(definition);
      return call.write('POST', PATH, 201, body === 'json' ? json(fields) : fields.map(asPart));
    },
    update: (groupId, settings) => call.write('PATCH', one(groupId), 204, json(settingsOf(settings))),
    remove: (groupId) => call.write('DELETE', one(groupId), 204),
  };
}

type Field = readonly [string, string | boolean];

function fieldsOf(definition: Definition): readonly Field[] {
  return [['name', definition.name], ...settingsOf(definition)];
}

/** A setting that is absent is not sent: Zoom's default holds. */
function settingsOf(settings: Settings): readonly Field[] {
  return FIELDS.flatMap(([setting, word]) => {
    const value = settings[setting];
    return value === undefined ? [] : [[word, value] as const];
  });
}

function json(fields: readonly Field[]): string {
  return JSON.stringify(Object.fromEntries(fields));
}

/** In a form a boolean is the word `true` or `false`. */
function asPart([word, value]: Field): readonly [string, string] {
  return [word, String(value)];
}

function groupOf(wire: Rest): Group | undefined {
  const { id, name, total_members: members } = wire;
  if (typeof id !== 'string' || id === '' || typeof name !== 'string') return undefined;
  const settings: Record<string, string | boolean> = {};
  for (const [setting, word] of FIELDS) {
    const value = wire[word];
    const isKnown =
      setting === 'type' ? GROUP_TYPES.some((type) => type === value) : typeof value === 'boolean';
    if (isKnown) settings[setting] = value as string | boolean;
  }
  return { id, name, members: typeof members === 'number' ? members : 0, ...settings };
}
