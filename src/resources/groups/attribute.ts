/** Whether a group that exists after a lost answer was created by this run. */
import { type Doubt, listDoubts } from '../../events/row-state.js';
import type { ResponseMetadata } from '../../model/reply.js';
import type { Judgement } from '../resource.js';
import { findDifferences, type Group } from './api/group.js';
import { readGroup } from './api/read-group.js';
import { compareWithGroup, createOutcome, settle } from './outcomes.js';
import type { GroupRow, GroupsWork } from './work.js';

const POSSIBLY_OURS = 'possibly created by this run';

/** Whether a listing before every doubtful attempt showed no such group. */
function wasAbsentBefore(doubts: readonly Doubt[]): boolean {
  const creates = doubts.filter(({ operation }) => operation === 'create');
  return creates.length > 0 && creates.every(({ note }) => note?.absentBefore === true);
}

/**
 * Only a group that did not exist before, is just as the row asked for, and has no members yet is called this run's
 * own: that is asked of the group itself.
 */
export function attributeGroup(
  work: GroupsWork,
  row: GroupRow,
  groups: readonly [Group, ...Group[]],
): Judgement {
  const [group] = groups;
  const state = work.state.rows.get(row.key);
  const last: Partial<ResponseMetadata> | undefined = state?.last;
  const wanted = row.item.definition;
  const possibly = (detail: string): Judgement =>
    settle(row, createOutcome('already-provisioned', detail, group.id, last));
  // Which of several groups of one name is this run's own, nothing tells.
  if (groups.length > 1) return possibly(`${POSSIBLY_OURS}; Zoom has ${groups.length} groups of this name`);
  if (!wasAbsentBefore(listDoubts(state))) return possibly(POSSIBLY_OURS);
  if (findDifferences(wanted, group).length > 0) {
    return possibly(`${POSSIBLY_OURS}; ${compareWithGroup(wanted, group, 1)}`);
  }
  const read = readGroup(work.api, row, group.id, (reading) => {
    if (reading.type !== 'found') return possibly(POSSIBLY_OURS);
    const isOurs = findDifferences(wanted, reading.group).length === 0 && reading.group.members === 0;
    return isOurs
      ? settle(row, createOutcome('created', 'recovered', group.id, last))
      : possibly(POSSIBLY_OURS);
  });
  return { steps: [read] };
}
