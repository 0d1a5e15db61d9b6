/** Settles changes by the group's members, read again: only what the list shows, or provably lacks, is a result. */
import type { RowOutcome } from '../../events/event.js';
import type { Outcome } from '../../model/outcome.js';
import type { Judgement, Step } from '../resource.js';
import { listMembers, type MemberIndex, type MembersListing } from './member-index.js';
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

/**
 * A list may lag behind the writes: it is read again this long after the last answer. Inferred: doctor check
 * `member-lag`.
 */
const READ_AGAIN_AFTER_MS: readonly number[] = [2_000, 6_000, 14_000, 30_000];

/** A list requested this long after a change proves by itself that the change was not made. */
const LAG_MAX_MS = 30_000;

export type SendChanges = (
  work: MembersWork,
  group: GroupWork,
  changes: readonly Change[],
) => readonly Step[];

/** Reads the members of a group after its last batch. */
export function readBack(work: MembersWork, group: GroupWork, send: SendChanges): Step {
  group.readsAgain = 0;
  return readAt(work, group, send, 0, false);
}

/** Reads them again, at the next time at which a list that lags may have changed. */
export function readBackLater(work: MembersWork, group: GroupWork, send: SendChanges): Step {
  const elapsedMs = work.now() - group.lastAnswerAt;
  const last = READ_AGAIN_AFTER_MS.length - 1;
  const round = READ_AGAIN_AFTER_MS.findIndex((afterMs, at) => at >= group.readsAgain && afterMs > elapsedMs);
  const at = round < 0 ? last : round;
  const afterMs = READ_AGAIN_AFTER_MS[at] ?? 0;
  group.readsAgain = at + 1;
  // The bounds hold even if the clock was set back.
  const delayMs = Math.min(afterMs, Math.max(0, afterMs - elapsedMs));
  return readAt(work, group, send, delayMs, at === last);
}

function readAt(
  work: MembersWork,
  group: GroupWork,
  send: SendChanges,
  delayMs: number,
  isLast: boolean,
): Step {
  const provenUntil = isLast ? Number.POSITIVE_INFINITY : work.now() + delayMs - LAG_MAX_MS;
  return listMembers(work.api, group.id, delayMs, (listing) =>
    judgeListing(work, group, listing, provenUntil, send),
  );
}

function judgeListing(
  work: MembersWork,
  group: GroupWork,
  listing: MembersListing,
  /** Changes answered until then are made if the list shows them, and only then. */
  provenUntil: number,
  send: SendChanges,
): Judgement {
  if (listing.type === 'failed') return giveUp(group, listing);
  const index = listing.items;
  const done = [...group.open.values()].filter((sent) => isDone(sent, index));
  const evidence = [...done.filter(provesItself), ...findVisibleCanaries(group, index)];
  const outcomes: RowOutcome[] = [];
  const settle = (sent: SentChange, found: Outcome): void => {
    group.open.delete(sent.row.key);
    noteUnresolved(group, sent, found);
    outcomes.push(toRowOutcome(sent.row, found));
  };
  for (const sent of done) settle(sent, doneOutcome(group, sent, index));
  const isCurrentFor = createProof(evidence);
  const isLagging = [...group.canaries.keys()].some((id) => !index.hasId(id));
  const again: SentChange[] = [];
  for (const sent of [...group.open.values()]) {
    if (sent.answer === 'lost' && sent.losses < sent.maxAttempts) {
      group.open.delete(sent.row.key);
      again.push(sent);
    } else if (sent.answer !== 'lost' && isCurrentFor(sent)) settle(sent, failedOutcome(group, sent));
    else if (sent.answeredAt <= provenUntil) {
      settle(sent, isLagging ? unprovenOutcome(group, sent) : failedOutcome(group, sent));
    }
  }
  return { outcomes, steps: sendAgain(work, group, again, send) };
}

/** A batch holds changes of one operation. */
function sendAgain(
  work: MembersWork,
  group: GroupWork,
  changes: readonly Change[],
  send: SendChanges,
): readonly Step[] {
  return (['add', 'remove'] as const).flatMap((operation) =>
    send(
      work,
      group,
      changes.filter((change) => change.operation === operation),
    ),
  );
}

function isDone({ operation, userId, row }: SentChange, index: MemberIndex): boolean {
  const isMember = index.find({ id: userId, email: row.email }) !== undefined;
  return isMember === (operation === 'add');
}

/**
 * Whether the change, seen in a list, took effect by this very attempt: an earlier one may have made a change that was
 * lost or refused, and an add is accepted of a member too.
 */
function provesItself({ operation, answer, hadDoubts }: SentChange): boolean {
  return operation === 'remove' && answer === 'accepted' && !hadDoubts;
}

function findVisibleCanaries({ canaries }: GroupWork, index: MemberIndex): readonly Times[] {
  return [...canaries].filter(([id]) => index.hasId(id)).map(([, times]) => times);
}

/**
 * A list that shows one change is current for every change that was answered before that one was sent, and for those
 * of the same batch.
 */
function createProof(evidence: readonly Times[]): (change: Times) => boolean {
  const toText = ({ sentAt, answeredAt }: Times): string => `${sentAt} ${answeredAt}`;
  const batches = new Set(evidence.map(toText));
  const youngest = evidence.reduce(
    (latest, { sentAt }) => Math.max(latest, sentAt),
    Number.NEGATIVE_INFINITY,
  );
  return (change) => youngest >= change.answeredAt || batches.has(toText(change));
}

function doneOutcome(group: GroupWork, sent: SentChange, index: MemberIndex): Outcome {
  const { operation, answer, hadDoubts, metadata, row } = sent;
  const member = index.find({ id: sent.userId, email: row.email });
  const userId = member?.id ?? sent.userId;
  const isOurs = answer !== 'refused' || hadDoubts;
  const detail = answer === 'accepted' ? '' : 'recovered';
  if (operation === 'add') return createOutcome('added', detail, group, userId, metadata);
  return isOurs
    ? createOutcome('removed', detail, group, userId, metadata)
    : createOutcome('not-member', '', group, userId, metadata);
}

function failedOutcome(
  group: GroupWork,
  { operation, answer, failure, hint, userId, metadata }: SentChange,
): Outcome {
  const accepted =
    operation === 'add' ? 'accepted by Zoom but not added' : 'accepted by Zoom but not removed';
  const detail = answer === 'accepted' ? accepted : failure;
  return createOutcome('failed', hint === undefined ? detail : `${hint}: ${detail}`, group, userId, metadata);
}

function unprovenOutcome(group: GroupWork, { userId, metadata }: SentChange): Outcome {
  const detail = 'the list of members lacks users whom Zoom had confirmed, so it proves nothing';
  return createOutcome('unknown', detail, group, userId, metadata);
}

function giveUp(group: GroupWork, { reply, reason }: Extract<MembersListing, { type: 'failed' }>): Judgement {
  if (reply.type === 'fatal') return { stop: reply.stop };
  const open = [...group.open.values()];
  group.open.clear();
  const isMissing = reply.type === 'not-found';
  const outcomes = open.map((sent) => {
    const found = isMissing
      ? createOutcome('failed', `group not found: ${reason}`, group, sent.userId, reply)
      : createOutcome(
          'unknown',
          `the members of the group could not be read: ${reason}`,
          group,
          sent.userId,
          reply,
        );
    noteUnresolved(group, sent, found);
    return toRowOutcome(sent.row, found);
  });
  return { outcomes };
}
