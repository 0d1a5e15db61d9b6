/** What the members of Zoom's two group APIs have in common, and in which they differ, as data. */
import type { Call } from '../../../model/call.js';
import { type GroupsApi, toPath } from '../../groups/api/groups-api.js';

/** A member of a group as Zoom lists it: an id, an e-mail address, or both. */
export type Member = {
  readonly type: 'user' | 'user-group';
  readonly id?: string;
  readonly email?: string;
};

/** Whom an add is about. */
export type Person = { readonly id: string | undefined; readonly email: string };

export type MembersApi = {
  /** The groups that the members belong to. */
  readonly groups: GroupsApi;
  /**
   * What people are added by. Ids are looked up in the account's users, which needs a scope of its own; after an add by
   * e-mail, the group's members have to be read again, since the ids that come back name no addresses.
   */
  readonly addsBy: 'email' | 'id';
  /** The most users that one request adds or removes. */
  readonly batchSizes: Readonly<Record<'add' | 'remove', number>>;
  /** Whether Zoom refuses to remove the last member of a group. */
  readonly needsMember: boolean;
  /** Of each list one is enough: classic scopes first, granular ones after them. */
  readonly scopes: Readonly<Record<'list' | 'add' | 'remove', readonly string[]>>;
  /** The field of a list's body that holds the members. */
  readonly listField: string;
  /** The request for the first page of the list. */
  list(groupId: string): Call;
  /** One element of a list; undefined if it names nobody. */
  parse(wire: Readonly<Record<string, unknown>>): Member | undefined;
  add(groupId: string, people: readonly Person[]): Call;
  /**
   * The user ids that an add's answer names: these people it added, and no others are proven. Observed of user groups:
   * doctor checks `member-twice` and `member-unknown`.
   */
  parseAdded(body: Readonly<Record<string, unknown>>): readonly string[];
  /** @param memberIds as many as a batch holds */
  remove(groupId: string, memberIds: readonly string[]): Call;
  /** Whether the message of a refusal says that the group itself is missing. */
  isGroupMissing(operation: 'add' | 'remove', message: string): boolean;
};

/** Addresses are compared without case. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

export function toMembersPath(groupsPath: string, groupId: string): string {
  return `${toPath(groupsPath, groupId)}/members`;
}
