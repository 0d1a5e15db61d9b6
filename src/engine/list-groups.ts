/** A listing of the directory, taken with the patience of a row, and told as events. */

import type { Event } from '../events/event.js';
import type { Directory, ListingEnd } from '../model/directory.js';
import type { Reply, Stop } from '../model/outcome.js';
import { decide } from '../resilience/retry-policy.js';
import { GroupIndex } from '../resources/groups/group-index.js';
import type { Clock } from './ports.js';

export type Lister = {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly dice: () => number;
  readonly signal: AbortSignal;
};

export type ListingOptions = {
  readonly which: 'baseline' | 'closing';
  /** Keeps each event. @throws FatalError when it can't */
  readonly record: (event: Event) => void;
  /** Whether the groups themselves are kept as events too. */
  readonly keepGroups?: boolean;
};

/** `stop` is there where every other call would meet the same. */
export type TakenListing =
  | { readonly ok: true; readonly listing: GroupIndex }
  | { readonly ok: false; readonly why: string; readonly stop?: Stop };

/** Refusals that may be meant for the listing alone: the writes may be allowed all the same. */
const LISTING_ONLY: ReadonlySet<string> = new Set([
  'scope-missing',
  'permission',
  'wrong-base-url',
  'method',
]);

/** Takes one listing, again where that may help. @throws the signal's reason when it aborts first */
export async function takeListing(lister: Lister, options: ListingOptions): Promise<TakenListing> {
  const { clock, signal, dice } = lister;
  const { which, record } = options;
  const replies: Reply[] = [];
  for (;;) {
    if (signal.aborted) throw signal.reason;
    const listing = new GroupIndex();
    const end = await readListing(lister, listing, options);
    const event = { e: 'listing', at: clock.now(), which, requests: end.requests } as const;
    if (end.ok) {
      record({ ...event, ok: true, groups: listing.size, why: '' });
      return { ok: true, listing };
    }
    replies.push(end.reply);
    const next = decide({ op: 'update', inDoubt: false }, replies, dice);
    if (next.do === 'again') {
      // What came so far is void: the next try begins from the first group.
      record({ ...event, ok: false, groups: 0, why: '' });
      await clock.sleep(next.waitMs, signal);
      continue;
    }
    const why = `no listing of the existing groups: ${end.reply.message}`;
    record({ ...event, ok: false, groups: 0, why });
    if (next.do === 'stop' && !LISTING_ONLY.has(next.stop.reason)) return { ok: false, why, stop: next.stop };
    return { ok: false, why };
  }
}

async function readListing(
  { directory, clock }: Lister,
  listing: GroupIndex,
  { record, keepGroups }: ListingOptions,
): Promise<ListingEnd> {
  const batches = directory.list();
  for (;;) {
    const next = await batches.next();
    if (next.done) return next.value;
    for (const group of next.value) listing.add(group);
    if (keepGroups) record({ e: 'listed', at: clock.now(), groups: next.value });
  }
}
