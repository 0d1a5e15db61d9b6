/** The groups that a file names, each with its rows. */
import type { RowOutcome } from '../../events/event.js';
import { isProvisioned } from '../../model/statuses.js';
import type { ValidatedRow } from '../../validation/row.js';
import { nameKey } from '../groups/api/group.js';
import type { GroupIndex } from '../groups/api/group-index.js';
import { toRowOutcome } from '../outcomes.js';
import { emailKey } from './api/members-api.js';
import { type MemberItem, parseMembershipName } from './fields.js';
import { GroupWork, type MemberRow, type MembersWork } from './work.js';

/** Which group and user a row is about, if that need not be looked up. */
export type KnownMembership = { readonly groupId: string; readonly group: string; readonly userId?: string };

type Row = ValidatedRow<MemberItem>;

export class NamedGroups {
  readonly byId: Map<string, GroupWork> = new Map();
  /** Rows without exactly one group. */
  readonly failures: RowOutcome[] = [];
  readonly #work: MembersWork;
  readonly #known: ReadonlyMap<string, KnownMembership>;
  #index: GroupIndex | undefined;
  #isAnyIncomplete = false;

  /** @param known by the row's key */
  constructor(work: MembersWork, known: ReadonlyMap<string, KnownMembership>) {
    this.#work = work;
    this.#known = known;
  }

  /** @param index the account's groups, unless every row is about a known membership */
  async read(batches: AsyncIterable<readonly Row[]>, index: GroupIndex | undefined): Promise<void> {
    this.#index = index;
    for await (const batch of batches) {
      for (const row of batch) {
        if (row.type === 'item') this.#addItem(row);
        if (row.type === 'invalid' && this.#work.mode === 'sync') this.#addInvalid(row);
      }
    }
    // An account may have a million groups.
    this.#index = undefined;
    if (!this.#isAnyIncomplete) return;
    for (const { unresolved } of this.byId.values()) unresolved.push('an invalid row');
  }

  #addItem({ key, fingerprint, name, item, row: { line } }: Extract<Row, { type: 'item' }>): void {
    const { state, mode } = this.#work;
    const known = this.#known.get(key);
    const found = known ? { id: known.groupId, name: known.group } : this.#findGroup(item.group);
    const before = state.rows.get(key);
    const isDone =
      before?.fingerprint === fingerprint && before.outcome && isProvisioned(before.outcome.status);
    const row: MemberRow = {
      key,
      fingerprint,
      name,
      line,
      email: item.email,
      ...(known?.userId === undefined ? {} : { userId: known.userId }),
      ...(isDone ? { isDone } : {}),
    };
    if (typeof found === 'string') {
      if (!isDone) this.failures.push(toRowOutcome(row, 'failed', found));
      return;
    }
    const group = this.#findOrCreate(found);
    if (mode === 'sync') group.wanted.add(emailKey(item.email));
    // A sync looks again: another program may have removed the member since.
    if (!isDone || mode === 'sync') group.rows.push(row);
  }

  /** With `--sync`, an invalid row may mean one of the members: no one is removed from its group. */
  #addInvalid({ name, problems }: Extract<Row, { type: 'invalid' }>): void {
    const membership = parseMembershipName(name);
    const isAboutEmail = problems.every(({ rule }) => rule === 'email-missing' || rule === 'email-invalid');
    if (!isAboutEmail || !membership || nameKey(membership.group) === '') {
      this.#isAnyIncomplete = true;
      return;
    }
    const found = this.#findGroup(membership.group);
    if (typeof found === 'string') return;
    this.#findOrCreate(found).unresolved.push(membership.email || 'an empty cell');
  }

  /** The one group of that name, or why there is none. If no name is exactly the same, one that looks alike will do. */
  #findGroup(name: string): Pick<GroupWork, 'id' | 'name'> | string {
    const exact = this.#index?.findExact(name) ?? [];
    const groups = exact.length > 0 ? exact : (this.#index?.findAlike(nameKey(name)) ?? []);
    const [group] = groups;
    if (!group) return 'group not found';
    return groups.length === 1 ? group : `Zoom has ${groups.length} groups of this name`;
  }

  #findOrCreate(found: Pick<GroupWork, 'id' | 'name'>): GroupWork {
    const group = this.byId.get(found.id) ?? new GroupWork(found);
    this.byId.set(group.id, group);
    return group;
  }
}
