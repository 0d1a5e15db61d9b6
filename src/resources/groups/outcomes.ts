/** Outcomes of rows on groups, in words. */
import type { RowOutcome } from '../../events/event.js';
import type { Outcome, RowRef } from '../../model/outcome.js';
import { pickMetadata, type Reply, type ResponseMetadata } from '../../model/reply.js';
import type { Status } from '../../model/statuses.js';
import type { Judgement } from '../resource.js';
import {
  type Definition,
  describeDifferences,
  findDifferences,
  type Group,
  normalizeName,
} from './api/group.js';
import { toRef } from './work.js';

export function createOutcome(
  status: Status,
  detail: string,
  groupId?: string,
  from?: Partial<ResponseMetadata>,
): Outcome {
  // Without a spread it takes half the memory, and most rows of a large file end so.
  if (groupId !== undefined && from === undefined) return { status, detail, ids: { groupId } };
  return {
    status,
    detail,
    ...(groupId === undefined ? {} : { ids: { groupId } }),
    ...pickMetadata(from),
  };
}

export function toRowOutcome(row: RowRef, found: Outcome): RowOutcome {
  return { ...toRef(row), outcome: found };
}

export function settle(row: RowRef, found: Outcome): Judgement {
  return { outcomes: [toRowOutcome(row, found)] };
}

/** How an existing group compares with what a row asks for: `identical`, or what differs, and how Zoom writes its name. */
export function compareWithGroup(wanted: Definition, group: Group, groupsOfThatName: number): string {
  const parts = [describeDifferences(findDifferences(wanted, group))];
  if (normalizeName(wanted.name) !== normalizeName(group.name)) {
    parts.push(`Zoom writes the name ${JSON.stringify(group.name)}`);
  }
  if (groupsOfThatName > 1) parts.push(`Zoom has ${groupsOfThatName} groups of this name`);
  return parts.join('; ');
}

/** A refusal, or a failure after its last attempt. */
export function describeFailure(reply: Reply, attempts: number): string {
  const isRetried = reply.type === 'transient' || reply.type === 'rate-limited';
  const message = reply.message === '' ? `HTTP ${reply.httpStatus}` : reply.message;
  return isRetried && attempts > 1 ? `${message}, ${attempts} times` : message;
}
