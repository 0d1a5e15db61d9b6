/** Settles changes by the group's members, read again: only what the list shows, or provably lacks, is a result. */
import type { RowOutcome } from '../../events/event.js';
import type { FailedListing } from '../paging/read-pages.js';
import type { Judgement } from '../resource.js';
import { explainFailedReading, type MemberIndex } from './api/list-members.js';
import type { GroupWork, SentChange, Times } from './work.js';

/**
 * A list may lag behind the writes: it is read again this long after the last answer. Inferred: doctor check
 * `member-lag`.
 */
const READ_AGAIN_AFTER_MS: readonly number[] = [2_000, 6_000, 14_000, 30_000];

/** A list requested this long after a change proves by itself that the change was not made. */
const LAG_MAX_MS = 30_000;

/** `provenUntil`: changes answered until then are made if the list shows them, and only then. */
export type Reading = { readonly delayMs: number; readonly provenUntil: number };

/** When the members are read: at once, then at the next time at which a list that lags may have changed. */
export function scheduleReading(group: GroupWork, now: number, isFirst: boolean): Reading {
  if (isFirst) return { delayMs: 0, provenUntil: now - LAG_MAX_MS };
  const elapsedMs = now - group.lastAnswerAt;
  const last = READ_AGAIN_AFTER_MS.length - 1;
  const round = READ_AGAIN_AFTER_MS.findIndex((afterMs, at) => at >= group.readsAgain && afterMs > elapsedMs);
  const at = round < 0 ? last : round;
  const afterMs = READ_AGAIN_AFTER_MS[at] ?? 0;
  group.readsAgain = at + 1;
  // The bounds hold even if the clock was set back.
  const delayMs = Math.min(afterMs, Math.max(0, afterMs - elapsedMs));
  return { delayMs, provenUntil: at === last ? Number.POSITIVE_INFINITY : now + delayMs - LAG_MAX_MS };
}

/** @returns `again`: changes to be sent again, since their answers were lost */
export function settleByList(
  group: GroupWork,
  index: MemberIndex,
  provenUntil: number,
): { readonly outcomes: readonly RowOutcome[]; readonly again: readonly SentChange[] } {
  const done = [...group.open.values()].filter((sent) => isDone(sent, index));
  const canaries = [...group.canaries].filter(([id]) => index.find({ id })).map(([, times]) => times);
  const isCurrentFor = createProof([...done.filter(provesItself), ...canaries]);
  const isLagging = canaries.length < group.canaries.size;
  const outcomes = done.map((sent) => settleDone(group, sent, index));
  for (const { row } of done) group.open.delete(row.key);
  const again: SentChange[] = [];
  for (const sent of [...group.open.values()]) {
    const isOldEnough = sent.answeredAt <= provenUntil;
    if (sent.answer === 'lost' && sent.losses < sent.maxAttempts) again.push(sent);
    else if (sent.answer !== 'lost' && isCurrentFor(sent)) outcomes.push(settleNotDone(group, sent));
    else if (isOldEnough && isLagging) {
      const detail = 'the list of members lacks users whom Zoom had confirmed, so it proves nothing';
      outcomes.push(group.settle(sent, 'unknown', detail, sent.metadata));
    } else if (isOldEnough) outcomes.push(settleNotDone(group, sent));
    else continue;
    group.open.delete(sent.row.key);
  }
  return { outcomes, again };
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

function settleDone(group: GroupWork, sent: SentChange, index: MemberIndex): RowOutcome {
  const { operation, answer, hadDoubts, metadata, row, userId } = sent;
  const detail = answer === 'accepted' ? '' : 'recovered';
  if (operation === 'add') {
    const member = index.find({ id: userId, email: row.email });
    return group.settle({ ...sent, userId: member?.id ?? userId }, 'added', detail, metadata);
  }
  const isOurs = answer !== 'refused' || hadDoubts;
  return group.settle(sent, isOurs ? 'removed' : 'not-member', isOurs ? detail : '', metadata);
}

function settleNotDone(group: GroupWork, sent: SentChange): RowOutcome {
  const { operation, answer, failure, metadata } = sent;
  const accepted = `accepted by Zoom but not ${operation === 'add' ? 'added' : 'removed'}`;
  return group.fail(sent, answer === 'accepted' ? accepted : failure, metadata);
}

/** The members cannot be read: what was sent stays unproven, unless the group itself is missing. */
export function giveUp(group: GroupWork, listing: FailedListing): Judgement {
  const { reply } = listing;
  if (reply.type === 'fatal') return { stop: reply.stop };
  const status = reply.type === 'not-found' ? 'failed' : 'unknown';
  const outcomes = [...group.open.values()].map((sent) =>
    group.settle(sent, status, explainFailedReading(listing), reply),
  );
  group.open.clear();
  return { outcomes };
}
