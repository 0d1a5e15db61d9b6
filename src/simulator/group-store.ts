/** The groups of the simulated account with their members; both APIs share them. */
import { randomBytes } from 'node:crypto';

export const GROUP_TYPES = ['normal', 'shared', 'restricted'] as const;

export type SimulatedGroup = {
  readonly id: string;
  readonly name: string;
  readonly type?: (typeof GROUP_TYPES)[number];
  readonly search_by_domain?: boolean;
  readonly search_by_account?: boolean;
  readonly search_by_ma_account?: boolean;
  readonly description?: string;
  /** Without `members`: the first so many users of the account, and external contacts if there are too few. */
  readonly total_members?: number;
  /** Ids of users, user groups or external contacts. */
  readonly members?: readonly string[];
};

/** The settings of a group. */
export type Group = Required<Omit<SimulatedGroup, 'total_members' | 'members'>>;

export type GroupFields = Partial<Omit<Group, 'id'>>;

/** Members, then whether they can search people of the same domain and of the account. */
type Row = readonly [id: string, name: string, Group['type'], number, boolean, boolean];

const DEFAULT_ROWS: readonly Row[] = [
  ['h8Lq3RzcQ6u0VbM1aXpTfg', 'All Hands', 'shared', 48, true, true],
  ['-kT5uWn0SDyXw2cJ7eRbPA', 'IT Support', 'normal', 6, true, false],
  ['Zb41dKQmTn-8yHsVx0GeLw', 'Vertrieb', 'normal', 12, true, true],
  ['q0XvYwN3R_GmEo5tB9iJcA', 'Board', 'restricted', 5, false, false],
  ['7sFhPzUaQ2eKdWl6OyCnMg', 'Facilities', 'normal', 9, true, true],
  ['xM2gJbVrT0-uIq4NkZ1fSQ', 'Geschäftsführung', 'restricted', 3, false, false],
  ['W9cDyLtESUiAo7pHvQ3KjA', '東京オフィス', 'shared', 21, true, true],
  ['_5RnXeGmQKa6zBw8TfUhOg', 'Alumni', 'normal', 0, false, false],
];

/** What the account has before the first request. */
export const DEFAULT_GROUPS: readonly SimulatedGroup[] = DEFAULT_ROWS.map(
  ([id, name, type, total_members, search_by_domain, search_by_account]) => ({
    ...{ id, name, type, total_members, search_by_domain, search_by_account },
    search_by_ma_account: false,
  }),
);

export type GroupCreation = { readonly id: string; readonly name: string };

/** One request's additions to, or removals from, a group. */
export type MemberChange = {
  readonly groupId: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
};

export class GroupStore {
  readonly #groups = new Map<string, Group>();
  /** How many groups have a name: contact groups may share one. */
  readonly #names = new Map<string, number>();
  /** When a group was created in ms since 1970, for listings that lag; initial groups are absent. */
  readonly #createdAt = new Map<string, number>();
  /** Group id → member id → when it was added, in ms since 1970. */
  readonly #members = new Map<string, Map<string, number>>();
  readonly #now: () => number;
  readonly created: GroupCreation[] = [];
  readonly memberChanges: MemberChange[] = [];

  /** @param userIds who fills a group of which only `total_members` is given; @param now ms since 1970 */
  constructor(groups: readonly SimulatedGroup[], userIds: readonly string[], now: () => number) {
    this.#now = now;
    for (const { total_members = 0, members, ...group } of groups) {
      this.#put({ ...DEFAULTS, ...group });
      const ids =
        members ?? Array.from({ length: total_members }, (_, i) => userIds[i] ?? `external-contact-${i}`);
      if (ids.length > 0) this.#members.set(group.id, new Map(ids.map((id) => [id, -Infinity])));
    }
  }

  /** In order of creation. @param lagMs leaves out the groups that are younger */
  all(lagMs = 0): readonly Group[] {
    const groups = [...this.#groups.values()];
    if (lagMs === 0) return groups;
    const until = this.#now() - lagMs;
    return groups.filter(({ id }) => (this.#createdAt.get(id) ?? -Infinity) <= until);
  }

  /** All groups with their members, as initial groups of another store. */
  snapshot(): readonly Required<SimulatedGroup>[] {
    return [...this.#groups.values()].map((group) => {
      const members = this.memberIds(group.id);
      return { ...group, total_members: members.length, members };
    });
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id);
  }

  /** Inferred: names are compared exactly, for no document says that case does not count. */
  hasName(name: string): boolean {
    return this.#names.has(name);
  }

  /** 16 random bytes make an id like Zoom's: 22 characters, of which the first may be a dash. */
  create(fields: GroupFields & { readonly name: string }): Group {
    const group = { ...DEFAULTS, ...fields, id: randomBytes(16).toString('base64url') };
    this.#put(group);
    this.#createdAt.set(group.id, this.#now());
    this.created.push({ id: group.id, name: group.name });
    return group;
  }

  update(id: string, fields: GroupFields): void {
    const before = this.#groups.get(id);
    if (before) this.#put({ ...before, ...fields, id });
  }

  remove(id: string): void {
    const before = this.#groups.get(id);
    if (!before) return;
    this.#releaseName(before.name);
    this.#groups.delete(id);
    this.#createdAt.delete(id);
    this.#members.delete(id);
  }

  /** In order of addition. @param lagMs leaves out the members that were added later */
  memberIds(groupId: string, lagMs = 0): readonly string[] {
    const members = [...(this.#members.get(groupId) ?? [])];
    const until = this.#now() - lagMs;
    return (lagMs === 0 ? members : members.filter(([, addedAt]) => addedAt <= until)).map(([id]) => id);
  }

  memberCount(groupId: string): number {
    return this.#members.get(groupId)?.size ?? 0;
  }

  hasMember(groupId: string, id: string): boolean {
    return this.#members.get(groupId)?.has(id) ?? false;
  }

  /** The ids that were no members before. */
  addMembers(groupId: string, ids: readonly string[]): readonly string[] {
    const members = this.#members.get(groupId) ?? new Map<string, number>();
    const added = [...new Set(ids)].filter((id) => !members.has(id));
    for (const id of added) members.set(id, this.#now());
    this.#members.set(groupId, members);
    if (added.length > 0) this.memberChanges.push({ groupId, added, removed: [] });
    return added;
  }

  removeMembers(groupId: string, ids: readonly string[]): void {
    const removed = ids.filter((id) => this.#members.get(groupId)?.delete(id));
    if (removed.length > 0) this.memberChanges.push({ groupId, added: [], removed });
  }

  /** Ids of the groups that have a member. */
  groupsOfMember(id: string): readonly string[] {
    return [...this.#members].filter(([, members]) => members.has(id)).map(([groupId]) => groupId);
  }

  /** A group that exists keeps its place. */
  #put(group: Group): void {
    const before = this.#groups.get(group.id);
    if (before) this.#releaseName(before.name);
    this.#groups.set(group.id, group);
    this.#names.set(group.name, (this.#names.get(group.name) ?? 0) + 1);
  }

  #releaseName(name: string): void {
    const remaining = (this.#names.get(name) ?? 0) - 1;
    if (remaining > 0) this.#names.set(name, remaining);
    else this.#names.delete(name);
  }
}

const DEFAULTS: Omit<Group, 'id' | 'name'> = {
  type: 'normal',
  search_by_domain: true,
  search_by_account: true,
  search_by_ma_account: false,
  description: '',
};
