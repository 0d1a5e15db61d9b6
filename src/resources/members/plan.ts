/** The difference between whom the file names in a group and whom the group has. */
import type { RowOutcome } from '../../events/event.js';
import { listDoubts } from '../../events/row-state.js';
import type { RunState } from '../../events/run-state.js';
import { createStop, type Stop } from '../../model/stop.js';
import { formatCount } from '../../text/format.js';
import { nameKey } from '../groups/api/group.js';
import { toRowOutcome } from '../outcomes.js';
import { type MemberIndex, pickUsers } from './api/list-members.js';
import { emailKey, type Member } from './api/members-api.js';
import { membershipKey, nameMembership, parseMembershipKey, toFingerprint } from './fields.js';
import type { MaxRemovals } from './options.js';
import type { Change, GroupPlan, GroupWork, MemberRow, MembersWork } from './work.js';

const PENDING_USER = 'pending user: has not signed in yet';
const NO_ID_TO_REMOVE = `${PENDING_USER}; Zoom gives no id to remove`;

export function planGroup(work: MembersWork, group: GroupWork, index: MemberIndex): GroupPlan {
  const { mode, api, users } = work;
  const planned = group.rows.flatMap((row) => {
    const found = planRow(work, group, index, row);
    return row.isDone && !isChange(found) ? [] : [found];
  });
  const changes = planned.filter(isChange);
  const surplus = mode === 'sync' ? findSurplus(work, group, index) : [];
  const outcomes = [...planned, ...surplus].flatMap((found) => (isChange(found) ? [] : [found]));
  if (mode === 'sync') {
    outcomes.push(...recoverRemovals(work, group, index));
    for (const email of group.wanted) {
      if (api.addsBy === 'id' && users.find({ email })?.id === undefined) group.unresolved.push(email);
    }
  }
  const last = changes.at(-1);
  // All members may be removed from a group that can be empty; elsewhere the last one stays.
  if (mode === 'remove' && api.needsMember && last && changes.length >= index.size) {
    changes.pop();
    const ids = { groupId: group.id, userId: last.userId };
    outcomes.push(toRowOutcome(last.row, 'kept', 'a contact group must have at least one member', ids));
  }
  return { outcomes, changes, surplus: surplus.filter(isChange), users: pickUsers(index).length };
}

function isChange(planned: Change | RowOutcome): planned is Change {
  return 'operation' in planned;
}

function planRow(
  { mode, api, state, users }: MembersWork,
  { id: groupId }: GroupWork,
  index: MemberIndex,
  row: MemberRow,
): RowOutcome | Change {
  const operation = mode === 'remove' ? 'remove' : 'add';
  const { email } = row;
  const user = users.find({ email });
  const id = row.userId ?? user?.id;
  const member = index.find({ id, email });
  const userId = member?.id ?? id;
  if ((member !== undefined) === (operation === 'add')) {
    const before = state.rows.get(row.key);
    const ids = { groupId, userId };
    if (!listDoubts(before).some((doubt) => doubt.operation === operation)) {
      return toRowOutcome(row, operation === 'add' ? 'already-member' : 'not-member', '', ids);
    }
    // It was planned because there was something to do.
    const status = operation === 'add' ? 'added' : 'removed';
    return toRowOutcome(row, status, 'recovered', ids, before?.last);
  }
  if (member && member.id === undefined) return toRowOutcome(row, 'failed', NO_ID_TO_REMOVE, { groupId });
  if (operation === 'add' && api.addsBy === 'id' && id === undefined) {
    const reason = user?.status === 'pending' ? PENDING_USER : 'no such user';
    return toRowOutcome(row, 'failed', reason, { groupId });
  }
  const hint = operation === 'add' && user?.status === 'inactive' ? { hint: 'deactivated user' } : {};
  return { row, operation, userId, losses: 0, ...hint };
}

/** The removals of members whom the file does not name; an outcome for each who cannot be removed. */
function findSurplus(
  { users }: MembersWork,
  group: GroupWork,
  index: MemberIndex,
): readonly (Change | RowOutcome)[] {
  const wantedIds = new Set([...group.wanted].map((email) => users.find({ email })?.id));
  const isWanted = ({ id, email }: Member): boolean =>
    (id !== undefined && wantedIds.has(id)) || (email !== undefined && group.wanted.has(emailKey(email)));
  return pickUsers(index)
    .filter((member) => !isWanted(member))
    .map(({ id, email }): Change | RowOutcome => {
      const row = toRemovalRow(group, email ?? users.find({ id })?.email ?? id ?? '');
      if (id === undefined) return toRowOutcome(row, 'kept', NO_ID_TO_REMOVE, { groupId: group.id });
      return { row, operation: 'remove', userId: id, losses: 0 };
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
  const ids = new Set(pickUsers(index).map(({ id }) => emailKey(id ?? '')));
  return members.flatMap((member) => {
    const userId = work.users.find({ email: member })?.id;
    if (group.wanted.has(member) || ids.has(member) || index.find({ id: userId, email: member })) return [];
    const row = toRemovalRow(group, member);
    const last = work.state.rows.get(row.key)?.last;
    return toRowOutcome(row, 'removed', 'recovered', { groupId: group.id, userId }, last);
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
    if (findReasonToKeepAll(group) === undefined) removals += group.plan?.surplus.length ?? 0;
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
