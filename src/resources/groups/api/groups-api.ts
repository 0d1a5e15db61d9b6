/** What the two group APIs of Zoom have in common, and in which they differ, as data. */
import type { Call } from '../../../model/call.js';
import type { Api, BodyFormat } from '../../../model/choices.js';
import type { Change, Definition, Group, SettingName } from './group.js';

/**
 * The scopes an action needs: of each list one is enough. Classic scopes first, granular ones after them. `read` is
 * for the list of groups, `get` for one group.
 */
export type Scopes = Readonly<Record<'read' | 'get' | 'create' | 'update' | 'delete', readonly string[]>>;

export type GroupsApi = {
  readonly name: Api;
  /** What the API calls its groups in messages. */
  readonly noun: string;
  /** The settings that it has fields for; others are never sent and never differ. */
  readonly settings: readonly SettingName[];
  /** Whether a second group of one name is refused (409). If not, a create that is sent twice makes two groups. */
  readonly uniqueNames: boolean;
  /** The first one is tried first if the user names none. */
  readonly bodyFormats: readonly [BodyFormat, ...BodyFormat[]];
  readonly scopes: Scopes;
  /** The field of a list's body that holds the groups. */
  readonly listField: string;
  /** The fields of a group that hold its id and its name. */
  readonly idField: string;
  readonly nameField: string;
  /** The request for the first page of the list. */
  readonly list: Call;
  get(groupId: string): Call;
  create(definition: Definition, format: BodyFormat): Call;
  update(groupId: string, change: Change): Call;
  remove(groupId: string): Call;
  /** One group of a list, of GET one or of a create's answer; undefined without a usable id or a name. */
  parse(wire: Readonly<Record<string, unknown>>): Group | undefined;
};

/**
 * An id that may stand in a path: `.` and `..` are path segments of their own, and a server's text can be anything.
 * Zoom's ids are 22 base64url characters, those of contact groups may have a prefix such as `dir.`. Doctor check
 * `id-spelling`.
 */
export function isUsableId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.~+=@:$-]{1,256}$/.test(id) && !/^\.{1,2}$/.test(id);
}

export function toPath(base: string, id: string): string {
  if (!isUsableId(id)) throw new Error('an id that must not stand in a path');
  return `${base}/${encodeURIComponent(id)}`;
}

/** A group that is still being read; a listing may hold a million, which spreads would make twice as slow. */
type PartialGroup = { -readonly [Property in keyof Group]: Group[Property] };

/** What both APIs say of a group, each under field names of its own; undefined without a usable id or a name. */
export function toGroup(id: unknown, name: unknown, members: unknown): PartialGroup | undefined {
  if (!isUsableId(id) || typeof name !== 'string' || name === '') return undefined;
  const group: PartialGroup = { id, name };
  if (typeof members === 'number') group.members = members;
  return group;
}
