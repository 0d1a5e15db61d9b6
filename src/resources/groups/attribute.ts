/** Whether a group that exists after a lost answer was created by this run. */
import { listDoubts, type RowState } from '../../events/row-state.js';
import { settle } from '../outcomes.js';
import type { Judgement } from '../resource.js';
import { compareWithGroup, findDifferences, type Group } from './api/group.js';
import { readGroup } from './api/read-group.js';
import type { GroupRow, GroupsWork } from './work.js';

const POSSIBLY_OURS = 'possibly created by this run';

/** Whether a listing before every doubtful attempt showed no such group. */
function wasAbsentBefore(state: RowState | undefined): boolean {
  const creates = listDoubts(state).filter(({ operation }) => operation === 'create');
  return creates.length > 0 && creates.every(({ note }) => note?.absentBefore === true);
}

/**
 * Only a group that did not exist before, is just as the row asked for, and has no members yet is called this run's
 * own: that is asked of the group itself.
 */
export function attributeGroup(
  { api, state }: GroupsWork,
  row: GroupRow,
  group: Group,
  groupsOfThatName: number,
): Judgement {
  const before = state.rows.get(row.key);
  const wanted = row.item.definition;
  const ids = { groupId: group.id };
  const possibly = (detail = POSSIBLY_OURS): Judgement =>
    settle(row, 'already-provisioned', detail, ids, before?.last);
  // Which of several groups of one name is this run's own, nothing tells.
  if (groupsOfThatName > 1)
    return possibly(`${POSSIBLY_OURS}; Zoom has ${groupsOfThatName} groups of this name`);
  if (!wasAbsentBefore(before)) return possibly();
  if (findDifferences(wanted, group).length > 0) {
    return possibly(`${POSSIBLY_OURS}; ${compareWithGroup(wanted, group, 1)}`);
  }
  const read = readGroup(api, row, group.id, (reading) => {
    const isOurs =
      reading.type === 'found' &&
      findDifferences(wanted, reading.group).length === 0 &&
      reading.group.members === 0;
    return isOurs ? settle(row, 'created', 'recovered', ids, before?.last) : possibly();
  });
  return { steps: [read] };
}
