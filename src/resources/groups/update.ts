/** Changing a group to what its row asks for, or back, and proving that it was changed. */
import type { Status } from '../../model/statuses.js';
import { describeFailure, settle, toRef } from '../outcomes.js';
import type { Judgement, Step } from '../resource.js';
import { type Change, describeDifferences, findDifferences, type Group, normalizeName } from './api/group.js';
import type { GroupsApi } from './api/groups-api.js';
import { readGroup } from './api/read-group.js';
import type { GroupRow } from './work.js';

/** What makes a group as it is wanted; undefined if it is so already. */
export function findChange(wanted: Change, group: Group): Change | undefined {
  const found = findDifferences(wanted, group);
  const isRenamed = isRename(wanted, group);
  if (found.length === 0 && !isRenamed) return undefined;
  return {
    ...Object.fromEntries(found.map(({ setting, to }) => [setting, to])),
    ...(isRenamed ? { name: wanted.name } : {}),
  };
}

/** Zoom may fold blanks when it stores a name: a difference in blanks alone would be changed again by every run. */
function isRename(wanted: Change, group: Group): wanted is Change & { readonly name: string } {
  const fold = (name: string): string => normalizeName(name).replace(/\s+/gu, ' ');
  return wanted.name !== undefined && fold(wanted.name) !== fold(group.name);
}

function describeChange(wanted: Change, group: Group): string {
  const settings = findDifferences(wanted, group);
  const renamed = isRename(wanted, group) ? [`renamed from ${JSON.stringify(group.name)}`] : [];
  return [...renamed, ...(settings.length > 0 ? [describeDifferences(settings)] : [])].join('; ');
}

/** The group's present values of what is about to change: a rollback restores these. */
function toValuesBefore(group: Group, change: Change): Change {
  const managed = Object.keys(change) as (keyof Change)[];
  return Object.fromEntries(managed.map((field) => [field, group[field]]));
}

const STATUS_AFTER: Readonly<Record<'update' | 'restore', Status>> = {
  update: 'updated',
  restore: 'restored',
};

/**
 * @param wanted what the group should be afterwards
 * @param change the part of it that is sent
 */
export function changeGroup(
  api: GroupsApi,
  operation: 'update' | 'restore',
  row: GroupRow,
  group: Group,
  wanted: Change,
  change: Change,
): Step {
  const status = STATUS_AFTER[operation];
  const description = describeChange(wanted, group);
  const ids = { groupId: group.id };
  return {
    operation,
    effect: 'write',
    rows: [toRef(row)],
    call: api.update(group.id, change),
    // The same change twice is the same change.
    onLost: 'resend',
    note: { groupId: group.id, before: toValuesBefore(group, change) },
    change: description,
    judge: (reply, { ambiguous, attempts }) => {
      if (reply.type === 'success') {
        return settle(row, status, operation === 'update' ? description : '', ids, reply);
      }
      const failure = describeFailure(reply, attempts);
      if (!ambiguous) return settle(row, 'failed', failure, ids, reply);
      // After a lost answer, the group as it is now tells whether the change took effect.
      const read = readGroup(api, row, group.id, (reading): Judgement => {
        switch (reading.type) {
          case 'missing':
            return settle(row, 'failed', 'the group no longer exists', ids);
          case 'unreadable': {
            const detail = `${failure}; whether it was changed cannot be determined: ${reading.reason}`;
            return settle(row, 'unknown', detail, ids, reply);
          }
          case 'found':
            return findChange(wanted, reading.group) === undefined
              ? settle(row, status, 'recovered', ids)
              : settle(row, 'failed', `${failure}; ${describeChange(wanted, reading.group)}`, ids);
        }
      });
      return { steps: [read] };
    },
  };
}
