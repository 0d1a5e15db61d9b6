/** Changing a group to what its row asks for, and proving that it was changed. */
import type { Judgement, Step } from '../resource.js';
import {
  type Definition,
  describeDifferences,
  findDifferences,
  type Group,
  normalizeName,
  type Settings,
} from './api/group.js';
import { readGroup } from './api/read-group.js';
import { createOutcome, describeFailure, settle } from './outcomes.js';
import { type GroupRow, type GroupsWork, toRef } from './work.js';

/** Settings to change, and the name if it changes too. */
export type Change = Settings & { readonly name?: string };

/** What `--update` would change; undefined if the group is as the row asks for. */
export function findChange(wanted: Definition, group: Group): Change | undefined {
  const found = findDifferences(wanted, group);
  const isRenamed = isRename(wanted.name, group.name);
  if (found.length === 0 && !isRenamed) return undefined;
  return {
    ...Object.fromEntries(found.map((d) => [d.setting, d.to])),
    ...(isRenamed ? { name: wanted.name } : {}),
  };
}

/** Zoom may fold blanks when it stores a name: a difference in blanks alone would be changed again by every run. */
function isRename(wanted: string, actual: string): boolean {
  const fold = (name: string): string => normalizeName(name).replace(/\s+/gu, ' ');
  return fold(wanted) !== fold(actual);
}

function describeChange(wanted: Definition, group: Group): string {
  const settings = findDifferences(wanted, group);
  const renamed = isRename(wanted.name, group.name) ? [`renamed from ${JSON.stringify(group.name)}`] : [];
  return [...renamed, ...(settings.length > 0 ? [describeDifferences(settings)] : [])].join('; ');
}

/** The group's present values of what is about to change: a rollback restores these. */
function toValuesBefore(group: Group, change: Change): Change {
  const managed = Object.keys(change) as (keyof Change)[];
  return Object.fromEntries(managed.map((field) => [field, group[field]]));
}

export function updateGroup({ api }: GroupsWork, row: GroupRow, group: Group, change: Change): Step {
  const { definition } = row.item;
  const detail = describeChange(definition, group);
  return {
    operation: 'update',
    effect: 'write',
    rows: [toRef(row)],
    call: api.update(group.id, change),
    // The same change twice is the same change.
    onLost: 'resend',
    note: { groupId: group.id, before: toValuesBefore(group, change) },
    change: detail,
    judge: (reply, { ambiguous, attempts }) => {
      if (reply.type === 'success') return settle(row, createOutcome('updated', detail, group.id, reply));
      const failure = describeFailure(reply, attempts);
      if (!ambiguous) return settle(row, createOutcome('failed', failure, group.id, reply));
      const read = readGroup(api, row, group.id, (reading): Judgement => {
        if (reading.type === 'missing')
          return settle(row, createOutcome('failed', 'the group no longer exists', group.id));
        if (reading.type === 'unreadable') {
          const detail = `${failure}; whether it was changed cannot be determined: ${reading.reason}`;
          return settle(row, createOutcome('unknown', detail, group.id, reply));
        }
        return settle(row, judgeAfterDoubt(definition, reading.group, failure));
      });
      return { steps: [read] };
    },
  };
}

/** After a lost answer: the group as it is now tells whether the change took effect. */
function judgeAfterDoubt(
  wanted: Definition,
  group: Group,
  failure: string,
): ReturnType<typeof createOutcome> {
  if (findChange(wanted, group) === undefined) return createOutcome('updated', 'recovered', group.id);
  return createOutcome('failed', `${failure}; ${describeChange(wanted, group)}`, group.id);
}
