/**
 * The listing at the end of a run: it settles rows in doubt, completes rows whose answer lacked something, and
 * contradicts a 409 or a 201 that it does not bear out.
 */
import { listDoubts } from '../../events/row-state.js';
import type { Status } from '../../model/statuses.js';
import { settle, toRowOutcome } from '../outcomes.js';
import type { Judgement, Step } from '../resource.js';
import { compareWithGroup } from './api/group.js';
import type { GroupIndex } from './api/group-index.js';
import { type Listing, listGroups } from './api/list-groups.js';
import { attributeGroup } from './attribute.js';
import { createGroup } from './create.js';
import type { GroupsWork, OpenRow } from './work.js';

/** A listing that lacks a group known to exist is late: it is taken again after these waits. */
const LATE_LISTING_WAITS_MS: readonly number[] = [2_000, 4_000, 8_000, 16_000];

/**
 * A listing requested this long after an attempt ended proves absence even without a canary. Inferred: doctor check
 * `listing-lag`.
 */
export const LISTING_LAG_MAX_MS = 30_000;

/**
 * The step that settles every open row; further ones follow from what it shows.
 * @param delayMs from now until the listing
 * @param waits how often it was late
 */
export function takeClosingListing(work: GroupsWork, now: number, delayMs = 0, waits = 0): Step {
  return listGroups(work.api, (listing) => judgeClosing(work, listing, now + delayMs, waits), delayMs);
}

function judgeClosing(work: GroupsWork, listing: Listing, requestedAt: number, waits: number): Judgement {
  if (listing.type === 'failed') return settleWithoutListing(work, listing.reason);
  const index = listing.items;
  const wait = LATE_LISTING_WAITS_MS[waits];
  const isStale = isLate(work, index);
  if (wait !== undefined && isStale) {
    return { steps: [takeClosingListing(work, requestedAt, wait, waits + 1)] };
  }
  const open = [...work.open.values()];
  let youngest = Number.NEGATIVE_INFINITY;
  for (const row of isStale ? [] : open) {
    if (!isProvable(work, row, index)) youngest = Math.max(youngest, findEndOfDoubt(work, row));
  }
  const remaining = youngest + LISTING_LAG_MAX_MS - requestedAt;
  if (remaining > 0) return { steps: [takeClosingListing(work, requestedAt, remaining, waits)] };
  work.open.clear();
  const settled = open.map((row) => settleOpen(work, row, index, isStale));
  return {
    outcomes: settled.flatMap(({ outcomes = [] }) => outcomes),
    steps: settled.flatMap(({ steps = [] }) => steps),
    warnings: settled.flatMap(({ warnings = [] }) => warnings),
  };
}

/** Whether the listing lacks a group that Zoom has confirmed. */
function isLate({ open, canary }: GroupsWork, index: GroupIndex): boolean {
  const isMissing = (key: string): boolean => index.findAlike(key).length === 0;
  if (canary && isMissing(canary.key)) return true;
  return [...open.values()].some(({ row, cause }) => cause !== 'doubt' && isMissing(row.key));
}

/** Whether a listing that shows the canary can tell at once what became of the row: by the group, or by its absence. */
function isProvable(work: GroupsWork, open: OpenRow, index: GroupIndex): boolean {
  if (open.cause !== 'doubt' || index.findAlike(open.row.key).length > 0 || canResend(work, open))
    return true;
  return work.canary !== undefined && work.canary.sentAt > findEndOfDoubt(work, open);
}

/** If Zoom refuses a second group of one name, sending the create again settles it sooner: 201 or 409. */
function canResend({ api }: GroupsWork, { wasResent }: OpenRow): boolean {
  return api.uniqueNames && !wasResent;
}

/** Until when the row's attempts may have taken effect, in ms since 1970. */
function findEndOfDoubt({ state }: GroupsWork, { row, at }: OpenRow): number {
  return listDoubts(state.rows.get(row.key)).reduce((latest, doubt) => Math.max(latest, doubt.at), at);
}

/** @param isStale the listing lacks a group that Zoom has confirmed, and proves no group's absence */
function settleOpen(work: GroupsWork, open: OpenRow, index: GroupIndex, isStale: boolean): Judgement {
  const { row, cause, message } = open;
  const { definition } = row.item;
  const exact = index.findExact(definition.name);
  const groups = exact.length > 0 ? exact : index.findAlike(row.key);
  const [group] = groups;
  const end = (status: Status, detail: string, groupId?: string): Judgement =>
    settle(row, status, detail, { groupId }, work.state.rows.get(row.key)?.last);
  // A listing outweighs an answer: what it does not show is not provisioned.
  const contradict = (claim: string): Judgement =>
    end('unknown', `Zoom answered that ${claim}, but its list of groups does not show it`);
  switch (cause) {
    case 'created': {
      if (groups.length < 2) return {};
      const detail = `Zoom now has ${groups.length} groups of this name`;
      const warning = `${JSON.stringify(row.name)}: Zoom has ${groups.length} groups of this name; another process may have created one at the same time`;
      const groupId = work.state.rows.get(row.key)?.outcome?.ids?.groupId;
      return { ...end('created', detail, groupId), warnings: [warning] };
    }
    case 'no-id':
      return group ? end('created', message, group.id) : contradict('the group was created');
    case 'conflict':
      return group
        ? end('already-provisioned', compareWithGroup(definition, group, groups.length), group.id)
        : contradict('the name is in use');
    case 'doubt-then-conflict':
      return group ? attributeGroup(work, row, group, groups.length) : contradict('the name is in use');
    case 'doubt':
      if (group) return attributeGroup(work, row, group, groups.length);
      if (canResend(work, open)) return { steps: [createGroup(work, row, { isResent: true })] };
      if (!isStale) return end('failed', `${message}; not found in Zoom`);
      return end(
        'unknown',
        `${message}; Zoom's list of groups is out of date and cannot tell whether it was created`,
      );
  }
}

/** Without a listing, only the answers count. */
function settleWithoutListing({ open, state }: GroupsWork, reason: string): Judgement {
  const outcomes = [...open.values()].flatMap(({ row, cause, message }) => {
    const last = state.rows.get(row.key)?.last;
    if (cause === 'doubt') {
      const detail = `${message}; no listing could tell whether it was created`;
      return toRowOutcome(row, 'unknown', detail, {}, last);
    }
    if (cause !== 'doubt-then-conflict') return [];
    return toRowOutcome(row, 'already-provisioned', 'possibly created by this run', {}, last);
  });
  open.clear();
  return { outcomes, warnings: [`the groups could not be listed at the end: ${reason}`] };
}
