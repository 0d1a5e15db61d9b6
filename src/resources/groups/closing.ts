/**
 * The listing at the end of a run: it settles rows in doubt, completes rows whose answer lacked something, and
 * contradicts a 409 or a 201 that it does not bear out.
 */
import { listDoubts } from '../../events/row-state.js';
import type { ResponseMetadata } from '../../model/reply.js';
import type { Judgement, Step } from '../resource.js';
import type { Group } from './api/group.js';
import type { GroupIndex } from './api/group-index.js';
import { type Listing, listGroups } from './api/list-groups.js';
import { attributeGroup } from './attribute.js';
import { createGroup } from './create.js';
import { compareWithGroup, createOutcome, settle } from './outcomes.js';
import type { GroupsWork, OpenRow } from './work.js';

/** A listing that lacks a group known to exist is late: it is taken again after these waits. */
const LATE_LISTING_WAITS_MS: readonly number[] = [2_000, 4_000, 8_000, 16_000];

/**
 * A listing requested this long after an attempt ended proves absence even without a canary. Inferred: doctor check
 * `listing-lag`.
 */
export const LISTING_LAG_MAX_MS = 30_000;

/** The step that settles every open row; further ones follow from what it shows. */
export function takeClosingListing(work: GroupsWork, now: number): Step {
  return closingStep(work, now, 0, 0);
}

function closingStep(work: GroupsWork, now: number, delayMs: number, waits: number): Step {
  const requestedAt = now + delayMs;
  return {
    ...listGroups(work.api, (listing) => judgeClosing(work, listing, requestedAt, waits), delayMs),
  };
}

function judgeClosing(work: GroupsWork, listing: Listing, requestedAt: number, waits: number): Judgement {
  if (listing.type === 'failed') return settleWithoutListing(work, listing.reason);
  const index = listing.items;
  const wait = LATE_LISTING_WAITS_MS[waits];
  const isStale = isLate(work, index);
  if (wait !== undefined && isStale) {
    return { steps: [closingStep(work, requestedAt, wait, waits + 1)] };
  }
  const open = [...work.open.values()];
  let youngest = Number.NEGATIVE_INFINITY;
  for (const row of isStale ? [] : open) {
    if (!isProvable(work, row, index, requestedAt)) youngest = Math.max(youngest, lastChanceAt(work, row));
  }
  const remaining = youngest + LISTING_LAG_MAX_MS - requestedAt;
  if (remaining > 0) return { steps: [closingStep(work, requestedAt, remaining, waits)] };
  work.open.clear();
  return mergeJudgements(open.map((row) => settleOpen(work, row, index, isStale)));
}

/** Whether the listing lacks a group that Zoom has confirmed. */
function isLate({ open, canary }: GroupsWork, index: GroupIndex): boolean {
  if (canary && index.findAlike(canary.key).length === 0) return true;
  return [...open.values()].some(
    ({ row, cause, sawConflict }) =>
      (cause !== 'doubt' || sawConflict) && index.findAlike(row.key).length === 0,
  );
}

/** Whether this listing can tell what became of the row: it shows the group, or proves its absence. */
function isProvable(work: GroupsWork, open: OpenRow, index: GroupIndex, requestedAt: number): boolean {
  const { row, cause, sawConflict } = open;
  if (cause !== 'doubt' || sawConflict || index.findAlike(row.key).length > 0) return true;
  if (canResend(work, open)) return true;
  const doubtfulUntil = lastChanceAt(work, open);
  const { canary } = work;
  const hasYoungerCanary =
    canary !== undefined && canary.sentAt > doubtfulUntil && index.findAlike(canary.key).length > 0;
  return hasYoungerCanary || requestedAt >= doubtfulUntil + LISTING_LAG_MAX_MS;
}

/** If Zoom refuses a second group of one name, sending the create again settles it sooner: 201 or 409. */
function canResend({ api }: GroupsWork, { wasResent }: OpenRow): boolean {
  return api.uniqueNames && !wasResent;
}

/** Until when the row's attempts may have taken effect, in ms since 1970. */
function lastChanceAt({ state }: GroupsWork, { row, at }: OpenRow): number {
  return listDoubts(state.rows.get(row.key)).reduce((latest, doubt) => Math.max(latest, doubt.at), at);
}

/** @param isStale the listing lacks a group that Zoom has confirmed, and proves no group's absence */
function settleOpen(work: GroupsWork, open: OpenRow, index: GroupIndex, isStale: boolean): Judgement {
  const { row, cause } = open;
  const exact = index.findExact(row.item.definition.name);
  const groups = exact.length > 0 ? exact : index.findAlike(row.key);
  const [group] = groups;
  switch (cause) {
    case 'created':
      return groups.length > 1 ? reportSecondGroup(work, open, groups) : {};
    case 'no-id':
      return group ? complete(work, open, 'created', open.message, group) : contradict(work, open);
    case 'conflict': {
      if (!group) return contradict(work, open);
      const detail = compareWithGroup(row.item.definition, group, groups.length);
      return complete(work, open, 'already-provisioned', detail, group);
    }
    case 'doubt':
      return settleDoubt(work, open, groups, isStale);
  }
}

function findLastReply({ state }: GroupsWork, { row }: OpenRow): Partial<ResponseMetadata> | undefined {
  return state.rows.get(row.key)?.last;
}

function complete(
  work: GroupsWork,
  open: OpenRow,
  status: 'created' | 'already-provisioned',
  detail: string,
  group: Group,
): Judgement {
  return settle(open.row, createOutcome(status, detail, group.id, findLastReply(work, open)));
}

/** A listing outweighs an answer: what it does not show is not provisioned. */
function contradict(work: GroupsWork, open: OpenRow): Judgement {
  const claim = open.cause === 'no-id' ? 'that the group was created' : 'that the name is in use';
  const detail = `Zoom answered ${claim}, but its list of groups does not show it`;
  return settle(open.row, createOutcome('unknown', detail, undefined, findLastReply(work, open)));
}

function reportSecondGroup(work: GroupsWork, open: OpenRow, groups: readonly Group[]): Judgement {
  const state = work.state.rows.get(open.row.key);
  const detail = `Zoom now has ${groups.length} groups of this name`;
  const warning = `${JSON.stringify(open.row.name)}: Zoom has ${groups.length} groups of this name; another process may have created one at the same time`;
  const id = state?.outcome?.ids?.groupId;
  return {
    ...settle(open.row, createOutcome('created', detail, id, findLastReply(work, open))),
    warnings: [warning],
  };
}

function settleDoubt(
  work: GroupsWork,
  open: OpenRow,
  [group, ...others]: readonly Group[],
  isStale: boolean,
): Judgement {
  const { row, message } = open;
  if (group) return attributeGroup(work, row, [group, ...others]);
  if (open.sawConflict) return contradict(work, open);
  if (canResend(work, open)) return { steps: [createGroup(work, row, true)] };
  const last = findLastReply(work, open);
  if (isStale) {
    const detail = `${message}; Zoom's list of groups is out of date and cannot tell whether it was created`;
    return settle(row, createOutcome('unknown', detail, undefined, last));
  }
  return settle(row, createOutcome('failed', `${message}; not found in Zoom`, undefined, last));
}

/** Without a listing, only the answers count. */
function settleWithoutListing(work: GroupsWork, reason: string): Judgement {
  const open = [...work.open.values()];
  work.open.clear();
  const judgements = open.map((row): Judgement => {
    if (row.cause !== 'doubt') return {};
    const last = findLastReply(work, row);
    if (row.sawConflict) {
      return settle(
        row.row,
        createOutcome('already-provisioned', 'possibly created by this run', undefined, last),
      );
    }
    const detail = `${row.message}; no listing could tell whether it was created`;
    return settle(row.row, createOutcome('unknown', detail, undefined, last));
  });
  const merged = mergeJudgements(judgements);
  const warning = `the groups could not be listed at the end: ${reason}`;
  return { ...merged, warnings: [...(merged.warnings ?? []), warning] };
}

function mergeJudgements(judgements: readonly Judgement[]): Judgement {
  return {
    outcomes: judgements.flatMap(({ outcomes }) => outcomes ?? []),
    steps: judgements.flatMap(({ steps }) => steps ?? []),
    warnings: judgements.flatMap(({ warnings }) => warnings ?? []),
  };
}
