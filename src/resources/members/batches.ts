/** Adding and removing members in batches of one group, and what each reply to a batch proves. */
import { listDoubts } from '../../events/row-state.js';
import type { JudgedReply } from '../../model/reply.js';
import { describeFailure, toRef } from '../outcomes.js';
import type { JudgeContext, Judgement, Step } from '../resource.js';
import { listMembers } from './api/list-members.js';
import { giveUp, scheduleReading, settleByList } from './read-back.js';
import type { Change, GroupWork, MembersWork, SentChange } from './work.js';

/** @param size the most changes of a batch. Default: as many as Zoom takes */
export function sendChanges(
  work: MembersWork,
  group: GroupWork,
  changes: readonly Change[],
  size?: number,
): readonly Step[] {
  const steps = (['add', 'remove'] as const).flatMap((operation) => {
    const same = changes.filter((change) => change.operation === operation);
    const most = size ?? work.api.batchSizes[operation];
    return Array.from({ length: Math.ceil(same.length / most) }, (_, at) =>
      batchStep(work, group, operation, same.slice(at * most, (at + 1) * most)),
    );
  });
  group.batches += steps.length;
  return steps;
}

function batchStep(
  work: MembersWork,
  group: GroupWork,
  operation: Change['operation'],
  batch: readonly Change[],
): Step {
  const people = batch.map(({ row: { email }, userId }) => ({ id: userId, email }));
  return {
    operation,
    effect: 'write',
    rows: batch.map(({ row }) => toRef(row)),
    call:
      operation === 'add'
        ? work.api.add(group.id, people)
        : work.api.remove(
            group.id,
            people.map(({ id }) => id ?? ''),
          ),
    // A lost batch is never sent again as it was: the group's members say what is still to be done.
    onLost: 'judge',
    note: { groupId: group.id, group: group.name },
    judge: (reply, context) => {
      group.batches -= 1;
      group.lastAnswerAt = context.now;
      const judgement = judgeBatch(work, group, operation, batch, reply, context);
      if (group.batches > 0 || group.open.size === 0) return judgement;
      group.readsAgain = 0;
      return { ...judgement, steps: [readBack(work, group, true)] };
    },
  };
}

function judgeBatch(
  work: MembersWork,
  group: GroupWork,
  operation: Change['operation'],
  batch: readonly Change[],
  reply: JudgedReply,
  context: JudgeContext,
): Judgement {
  const failure = describeFailure(reply, context.attempts);
  const leaveOpen = (change: Change, answer: SentChange['answer']): void => {
    group.open.set(change.row.key, {
      ...change,
      sentAt: context.sentAt,
      answeredAt: context.now,
      answer,
      hadDoubts: hasEarlierAttempt(work, change),
      failure,
      maxAttempts: reply.type === 'transient' ? reply.maxAttempts : 1,
      metadata: reply,
    });
  };
  /** A refusal is final, unless an earlier attempt may have taken effect. */
  const fail = (why = failure): Judgement => ({
    outcomes: batch.flatMap((change) => {
      if (!hasEarlierAttempt(work, change)) return group.fail(change, why, reply);
      leaveOpen(change, 'refused');
      return [];
    }),
  });
  switch (reply.type) {
    case 'success': {
      const ids = new Set(operation === 'add' ? work.api.parseAdded(reply.body) : []);
      const isProven = ({ userId }: Change): boolean => userId !== undefined && ids.has(userId);
      for (const change of batch) if (!isProven(change)) leaveOpen(change, 'accepted');
      const [canary] = ids;
      if (canary !== undefined) {
        group.canaries.set(canary, { sentAt: context.sentAt, answeredAt: context.now });
      }
      const proven = batch.filter(isProven);
      return { outcomes: proven.map((change) => group.settle(change, 'added', '', reply)) };
    }
    case 'transient':
      if (!context.ambiguous) return fail();
      for (const change of batch) leaveOpen({ ...change, losses: change.losses + 1 }, 'lost');
      return {};
    case 'not-found':
    case 'rejected':
    case 'conflict': {
      const isNotFound = reply.type === 'not-found';
      if (isNotFound && work.api.isGroupMissing(operation, reply.message)) {
        return fail(`group not found: ${reply.message}`);
      }
      if (batch.length > 1) return { steps: sendChanges(work, group, batch, Math.ceil(batch.length / 2)) };
      if (!isNotFound || operation === 'add') return fail();
      // A user who is no longer a member need not be removed: the group's members, read again, show it.
      for (const change of batch) leaveOpen(change, 'refused');
      return {};
    }
    case 'rate-limited':
      return fail();
    case 'fatal':
      return { stop: reply.stop };
  }
}

/** Whether the run sent this change before, and it took effect or may have. */
function hasEarlierAttempt({ state }: MembersWork, { row, operation }: Change): boolean {
  const before = state.rows.get(row.key);
  // The attempt that is being judged is one of them until its reply is recorded.
  return listDoubts(before).length > 1 || before?.effects?.at(-1)?.operation === operation;
}

/** Reads the members of a group after its last batch: at once, or later if they were read before. */
export function readBack(work: MembersWork, group: GroupWork, isFirst: boolean): Step {
  const { delayMs, provenUntil } = scheduleReading(group, work.now(), isFirst);
  return listMembers(work.api, group.id, delayMs, (listing) => {
    if (listing.type === 'failed') return giveUp(group, listing);
    const { outcomes, again } = settleByList(group, listing.items, provenUntil);
    return { outcomes, steps: sendChanges(work, group, again) };
  });
}
