/** The groups that a file names, each with its rows. */
import type { RowOutcome } from '../../events/event.js';
import { isProvisioned } from '../../model/statuses.js';
import type { ValidatedRow } from '../../validation/row.js';
import { nameKey } from '../groups/api/group.js';
import type { GroupIndex } from '../groups/api/group-index.js';
import { emailKey, type MemberItem, parseMembershipName } from './fields.js';
import { createOutcome, type GroupWork, type MemberRow, type MembersWork, toRowOutcome } from './work.js';

/** Which group and user a row is about, if that need not be looked up. */
export type KnownMembership = { readonly groupId: string; readonly group: string; readonly userId?: string };

type Row = ValidatedRow<MemberItem>;

export class NamedGroups {
  readonly #work: MembersWork;
  readonly #known: ReadonlyMap<string, KnownMembership>;
  readonly #groups = new Map<string, GroupWork>();
  readonly #failures: RowOutcome[] = [];
  #isAnyIncomplete = false;

  /** @param known by the row's key */
  constructor(work: MembersWork, known: ReadonlyMap<string, KnownMembership>) {
    this.#work = work;
    this.#known = known;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Rows without exactly one group. */
  get failures(): readonly RowOutcome[] {
    return this.#failures;
  }

  /** Whether an invalid row may be about any group. */
  get isAnyIncomplete(): boolean {
    return this.#isAnyIncomplete;
  }

  [Symbol.iterator](): Iterator<GroupWork> {
    return this.#groups.values();
  }

  add(validated: Row, index: GroupIndex | undefined): void {
    switch (validated.type) {
      case 'item':
        return this.#addItem(validated, index);
      case 'invalid':
        return this.#addInvalid(validated, index);
      case 'duplicate':
        return;
    }
  }

  #addItem(validated: Extract<Row, { type: 'item' }>, index: GroupIndex | undefined): void {
    const { key, fingerprint, name, item } = validated;
    const { state, mode } = this.#work;
    const known = this.#known.get(key);
    const found = known ? { id: known.groupId, name: known.group } : findGroup(index, item.group);
    const before = state.rows.get(key);
    const isDone =
      before?.fingerprint === fingerprint && before.outcome && isProvisioned(before.outcome.status);
    const userId = known?.userId;
    const row: MemberRow = {
      key,
      fingerprint,
      name,
      line: validated.row.line,
      email: item.email,
      ...(userId === undefined ? {} : { userId }),
    };
    if (typeof found === 'string') {
      if (!isDone) this.#failures.push(toRowOutcome(row, createOutcome('failed', found)));
      return;
    }
    const group = this.#findOrCreate(found);
    if (mode === 'sync') group.wanted.add(emailKey(item.email));
    // A sync looks again: another program may have removed the member since.
    if (!isDone || mode === 'sync') group.rows.push(isDone ? { ...row, isDone: true } : row);
  }

  /** An invalid row may mean one of the members: no one is removed from its group. */
  #addInvalid({ name, problems }: Extract<Row, { type: 'invalid' }>, index: GroupIndex | undefined): void {
    if (this.#work.mode !== 'sync') return;
    const membership = parseMembershipName(name);
    const isAboutEmail = problems.every(({ rule }) => rule === 'email-missing' || rule === 'email-invalid');
    if (!isAboutEmail || !membership || nameKey(membership.group) === '') {
      this.#isAnyIncomplete = true;
      return;
    }
    const found = findGroup(index, membership.group);
    if (typeof found !== 'string')
      this.#findOrCreate(found).unresolved.push(membership.email || 'an empty cell');
  }

  #findOrCreate({ id, name }: { readonly id: string; readonly name: string }): GroupWork {
    const found = this.#groups.get(id);
    if (found) return found;
    const group: GroupWork = {
      id,
      name,
      rows: [],
      wanted: new Set(),
      plan: undefined,
      stage: 'planned',
      batches: 0,
      open: new Map(),
      canaries: new Map(),
      lastAnswerAt: 0,
      readsAgain: 0,
      unresolved: [],
    };
    this.#groups.set(id, group);
    return group;
  }
}

/** The one group of that name, or why there is none. If no name is exactly the same, one that looks alike will do. */
function findGroup(index: GroupIndex | undefined, name: string): { id: string; name: string } | string {
  const exact = index?.findExact(name) ?? [];
  const groups = exact.length > 0 ? exact : (index?.findAlike(nameKey(name)) ?? []);
  const [group] = groups;
  if (!group) return 'group not found';
  return groups.length === 1 ? group : `Zoom has ${groups.length} groups of this name`;
}
