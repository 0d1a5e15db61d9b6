/** The difference between whom the file names in a group and whom the group has. */
import type { RowOutcome } from '../../events/event.js';
import { listDoubts } from '../../events/row-state.js';
import type { RunState } from '../../events/run-state.js';
import type { Outcome } from '../../model/outcome.js';
import { createStop, type Stop } from '../../model/stop.js';
import { formatCount } from '../../text/format.js';
import { nameKey } from '../groups/api/group.js';
import type { Member } from './api/members-api.js';
import { emailKey, membershipKey, nameMembership, parseMembershipKey, toFingerprint } from './fields.js';
import type { MemberIndex } from './member-index.js';
import {
  type Change,
  createOutcome,
  type GroupPlan,
  type GroupWork,
  type MemberRow,
  type MembersWork,
  toRowOutcome,
} from './work.js';

/** The most removals that `--sync` makes. */
export type MaxRemovals = {
  readonly n: number;
  /** Whether `n` is a percentage of the current memberships of the groups named. */
  readonly percent: boolean;
};

export const DEFAULT_MAX_REMOVALS: MaxRemovals = { n: 10, percent: true };

const NO_SUCH_USER = 'no such user';
const PENDING_USER = 'pending user: has not signed in yet';
const DEACTIVATED_USER = 'deactivated user';

export function planGroup(work: MembersWork, group: GroupWork, index: MemberIndex): GroupPlan {
  const outcomes: RowOutcome[] = [];
  const changes: Change[] = [];
  for (const row of group.rows) {
    const planned =
      work.mode === 'remove' ? planRemoval(work, group, index, row) : planAdd(work, group, index, row);
    if (!('status' in planned)) changes.push(planned);
    else if (!row.isDone) outcomes.push(toRowOutcome(row, planned));
  }
  const unresolved = findUnresolved(work, group);
  const common = { users: index.users.length, unresolved };
  switch (work.mode) {
    case 'add':
      return { outcomes, adds: changes, removals: [], ...common };
    case 'remove':
      return { ...keepLast(work, group, index, outcomes, changes), adds: [], ...common };
    case 'sync': {
      outcomes.push(...recoverRemovals(work, group, index));
      return { outcomes, adds: changes, removals: findSurplus(work, group, index, outcomes), ...common };
    }
  }
}

function hasDoubt({ state }: MembersWork, key: string, operation: Change['operation']): boolean {
  return listDoubts(state.rows.get(key)).some((doubt) => doubt.operation === operation);
}

function planAdd(work: MembersWork, group: GroupWork, index: MemberIndex, row: MemberRow): Outcome | Change {
  const { api, state, users } = work;
  const user = users.find(row.email);
  const id = row.userId ?? user?.id;
  const member = index.find({ id, email: row.email });
  if (member) {
    const userId = member.id ?? id;
    // It was planned because the membership was absent.
    if (hasDoubt(work, row.key, 'add')) {
      return createOutcome('added', 'recovered', group, userId, state.rows.get(row.key)?.last);
    }
    return createOutcome('already-member', '', group, userId);
  }
  if (api.addsBy === 'id' && id === undefined) {
    return createOutcome('failed', user?.status === 'pending' ? PENDING_USER : NO_SUCH_USER, group);
  }
  const hint = user?.status === 'inactive' ? { hint: DEACTIVATED_USER } : {};
  return { row, operation: 'add', userId: id, losses: 0, ...hint };
}

function planRemoval(
  work: MembersWork,
  group: GroupWork,
  index: MemberIndex,
  row: MemberRow,
): Outcome | Change {
  const { state, users } = work;
  const id = row.userId ?? users.find(row.email)?.id;
  const member = index.find({ id, email: row.email });
  if (!member) {
    if (hasDoubt(work, row.key, 'remove')) {
      return createOutcome('removed', 'recovered', group, id, state.rows.get(row.key)?.last);
    }
    return createOutcome('not-member', '', group, id);
  }
  if (member.id === undefined)
    return createOutcome('failed', `${PENDING_USER}; Zoom gives no id to remove`, group);
  return { row, operation: 'remove', userId: member.id, losses: 0 };
}

/** All members may be removed from a group that can be empty; elsewhere the last one stays. */
function keepLast(
  { api }: MembersWork,
  group: GroupWork,
  index: MemberIndex,
  outcomes: readonly RowOutcome[],
  removals: readonly Change[],
): Pick<GroupPlan, 'outcomes' | 'removals'> {
  const last = removals.at(-1);
  if (!api.needsMember || !last || removals.length < index.size) return { outcomes, removals };
  const kept = createOutcome('kept', 'a contact group must have at least one member', group, last.userId);
  return { outcomes: [...outcomes, toRowOutcome(last.row, kept)], removals: removals.slice(0, -1) };
}

/** Whom the file names in the group, and who is no user with an id: ids are looked up only where they are needed. */
function findUnresolved({ api, users, mode }: MembersWork, { wanted }: GroupWork): readonly string[] {
  if (mode !== 'sync' || api.addsBy === 'email') return [];
  return [...wanted].filter((email) => users.find(email)?.id === undefined);
}

/** Members whom the file does not name. Those who cannot be removed are added to `outcomes`. */
function findSurplus(
  work: MembersWork,
  group: GroupWork,
  index: MemberIndex,
  outcomes: RowOutcome[],
): readonly Change[] {
  const { users } = work;
  const wantedIds = new Set([...group.wanted].map((email) => users.find(email)?.id));
  const isWanted = ({ id, email }: Member): boolean =>
    (id !== undefined && wantedIds.has(id)) || (email !== undefined && group.wanted.has(emailKey(email)));
  return index.users
    .filter((member) => !isWanted(member))
    .flatMap((member) => {
      const { id } = member;
      const email = member.email ?? (id === undefined ? undefined : users.findEmail(id)) ?? id ?? '';
      const row = toRemovalRow(group, email);
      if (id !== undefined) return [{ row, operation: 'remove' as const, userId: id, losses: 0 }];
      outcomes.push(
        toRowOutcome(row, createOutcome('kept', `${PENDING_USER}; Zoom gives no id to remove`, group)),
      );
      return [];
    });
}

/** A removal that the file does not name: it stands on no line. */
function toRemovalRow({ name }: GroupWork, email: string): MemberRow {
  return {
    key: membershipKey(name, email),
    fingerprint: toFingerprint('remove'),
    name: nameMembership(name, email),
    line: 0,
    email,
  };
}

export function findDoubtfulRemovals(state: RunState): MembersWork['doubtfulRemovals'] {
  const found = new Map<string, string[]>();
  for (const [key, row] of state.rows) {
    if (!listDoubts(row).some(({ operation }) => operation === 'remove')) continue;
    const { group, member } = parseMembershipKey(key);
    const members = found.get(group) ?? [];
    if (members.length === 0) found.set(group, members);
    members.push(member);
  }
  return found;
}

/** Removals of an earlier process whose answer was lost, and that took effect. */
function recoverRemovals(work: MembersWork, group: GroupWork, index: MemberIndex): readonly RowOutcome[] {
  const members = work.doubtfulRemovals.get(nameKey(group.name)) ?? [];
  // A user whose address is unknown is named by the id.
  const ids = new Set(index.users.map(({ id }) => emailKey(id ?? '')));
  return members.flatMap((member) => {
    const id = work.users.find(member)?.id;
    if (group.wanted.has(member) || ids.has(member) || index.find({ id, email: member })) return [];
    const row = toRemovalRow(group, member);
    return [
      toRowOutcome(row, createOutcome('removed', 'recovered', group, id, work.state.rows.get(row.key)?.last)),
    ];
  });
}

/** Why the removals of `--sync` in this group are not made; undefined if they may be. */
export function findReasonToKeepAll({ unresolved }: GroupWork): string | undefined {
  const [first] = unresolved;
  if (first === undefined) return undefined;
  const more = unresolved.length === 1 ? '' : ` and ${unresolved.length - 1} more`;
  return `not every member that the file names in this group could be found: ${first}${more}`;
}

/** @param groups all groups that the file names, planned as far as their members could be read */
export function checkMaxRemovals(groups: Iterable<GroupWork>, { n, percent }: MaxRemovals): Stop | undefined {
  let removals = 0;
  let memberships = 0;
  for (const group of groups) {
    memberships += group.plan?.users ?? 0;
    if (findReasonToKeepAll(group) === undefined) removals += group.plan?.removals.length ?? 0;
  }
  const allowed = percent ? (memberships * n) / 100 : n;
  if (removals <= allowed) return undefined;
  const shown = percent ? `${n}%` : String(n);
  return createStop(
    'max-removals',
    `--sync would remove ${removals} of ${formatCount(memberships, 'membership')}, more than --max-removals ${shown} allows; nothing was sent`,
    `Check that the file is complete. If it is: --max-removals ${removals}`,
  );
}
