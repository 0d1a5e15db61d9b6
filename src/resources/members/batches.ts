/** Adding and removing members in batches of one group, and what each reply to a batch proves. */

import type { RowOutcome } from '../../events/event.js';
import { listDoubts } from '../../events/row-state.js';
import type { Reply } from '../../model/reply.js';
import { describeFailure } from '../groups/outcomes.js';
import type { JudgeContext, Judgement, Step } from '../resource.js';
import { readBack } from './read-back.js';
import {
  type Change,
  createOutcome,
  type GroupWork,
  type MembersWork,
  noteUnresolved,
  type SentChange,
  type Times,
  toRowOutcome,
} from './work.js';

/** @param changes all of one operation */
export function sendChanges(
  work: MembersWork,
  group: GroupWork,
  changes: readonly Change[],
): readonly Step[] {
  const [first] = changes;
  if (!first) return [];
  return sendBatches(work, group, changes, work.api.batchSizes[first.operation]);
}

function sendBatches(
  work: MembersWork,
  group: GroupWork,
  changes: readonly Change[],
  size: number,
): readonly Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < changes.length; at += size)
    steps.push(batchStep(work, group, changes.slice(at, at + size)));
  group.batches += steps.length;
  return steps;
}

function batchStep(work: MembersWork, group: GroupWork, batch: readonly Change[]): Step {
  const { api } = work;
  const operation = batch[0]?.operation ?? 'add';
  const ids = batch.map(({ userId }) => userId ?? '');
  return {
    operation,
    effect: 'write',
    rows: batch.map(({ row: { key, fingerprint, name, line } }) => ({ key, fingerprint, name, line })),
    call:
      operation === 'add'
        ? api.add(
            group.id,
            batch.map(({ row: { email }, userId }) => ({ id: userId, email })),
          )
        : api.remove(group.id, ids),
    // A lost batch is never sent again as it was: the group's members say what is still to be done.
    onLost: 'judge',
    note: { groupId: group.id, group: group.name },
    judge: (reply, context) => {
      work.hasSent = true;
      group.batches -= 1;
      group.lastAnswerAt = context.now;
      const judgement = judgeBatch(work, group, batch, reply, context);
      if (group.batches > 0 || group.open.size === 0) return judgement;
      return { ...judgement, steps: [...(judgement.steps ?? []), readBack(work, group, sendChanges)] };
    },
  };
}

function judgeBatch(
  work: MembersWork,
  group: GroupWork,
  batch: readonly Change[],
  reply: Reply,
  context: JudgeContext,
): Judgement {
  const [first] = batch;
  if (!first) return {};
  const failure = describeFailure(reply, context.attempts);
  const leaveOpen = (change: Change, answer: SentChange['answer']): void => {
    group.open.set(change.row.key, toSent(work, change, answer, reply, failure, context));
  };
  switch (reply.type) {
    case 'success':
      return judgeSuccess(work, group, batch, reply, context);
    case 'transient':
      if (!context.ambiguous) return failAll(work, group, batch, reply, failure, leaveOpen);
      for (const change of batch) leaveOpen({ ...change, losses: change.losses + 1 }, 'lost');
      return {};
    case 'not-found':
    case 'rejected':
    case 'conflict':
      if (reply.type === 'not-found' && work.api.isGroupMissing(first.operation, reply.message)) {
        return failAll(work, group, batch, reply, `group not found: ${reply.message}`, leaveOpen);
      }
      if (batch.length > 1) return { steps: sendBatches(work, group, batch, Math.ceil(batch.length / 2)) };
      // A user who is no longer a member need not be removed: the group's members, read again, show it.
      if (reply.type === 'not-found' && first.operation === 'remove') {
        leaveOpen(first, 'refused');
        return {};
      }
      return failAll(work, group, batch, reply, failure, leaveOpen);
    case 'rate-limited':
      return failAll(work, group, batch, reply, failure, leaveOpen);
    case 'fatal':
      return { stop: reply.stop };
    case 'unauthorized':
    case 'quota-exceeded':
      throw new Error(`a reply that ends the run was judged: ${reply.type}`);
  }
}

function judgeSuccess(
  work: MembersWork,
  group: GroupWork,
  batch: readonly Change[],
  reply: Extract<Reply, { type: 'success' }>,
  context: JudgeContext,
): Judgement {
  const ids = batch[0]?.operation === 'add' ? new Set(work.api.parseAdded(reply.body)) : new Set<string>();
  const outcomes: RowOutcome[] = [];
  for (const change of batch) {
    const sent = toSent(work, change, 'accepted', reply, '', context);
    const { row, userId } = change;
    if (userId !== undefined && ids.has(userId))
      outcomes.push(toRowOutcome(row, createOutcome('added', '', group, userId, reply)));
    else group.open.set(row.key, sent);
  }
  const [canary] = ids;
  const [first] = batch;
  if (canary !== undefined && first) group.canaries.set(canary, toTimes(work, first, context));
  return { outcomes };
}

function toTimes({ state }: MembersWork, { row }: Change, { now }: JudgeContext): Times {
  return { sentAt: listDoubts(state.rows.get(row.key)).at(-1)?.at ?? now, answeredAt: now };
}

function toSent(
  work: MembersWork,
  change: Change,
  answer: SentChange['answer'],
  reply: Reply,
  failure: string,
  context: JudgeContext,
): SentChange {
  return {
    ...change,
    ...toTimes(work, change, context),
    answer,
    failure,
    hadDoubts: hasEarlierAttempt(work, change),
    maxAttempts: reply.type === 'transient' ? reply.maxAttempts : 1,
    metadata: reply,
  };
}

/** Whether the run sent this change before, and it took effect or may have. */
function hasEarlierAttempt({ state }: MembersWork, { row, operation }: Change): boolean {
  const before = state.rows.get(row.key);
  // The attempt that is being judged is one of them until its reply is recorded.
  return listDoubts(before).length > 1 || before?.effects?.at(-1)?.operation === operation;
}

/** A refusal is final, unless an earlier attempt may have taken effect. */
function failAll(
  work: MembersWork,
  group: GroupWork,
  batch: readonly Change[],
  reply: Reply,
  failure: string,
  leaveOpen: (change: Change, answer: 'refused') => void,
): Judgement {
  const outcomes: RowOutcome[] = [];
  for (const change of batch) {
    if (hasEarlierAttempt(work, change)) {
      leaveOpen(change, 'refused');
      continue;
    }
    const detail = change.hint === undefined ? failure : `${change.hint}: ${failure}`;
    const found = createOutcome('failed', detail, group, change.userId, reply);
    noteUnresolved(group, change, found);
    outcomes.push(toRowOutcome(change.row, found));
  }
  return { outcomes };
}
