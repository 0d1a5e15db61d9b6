/** One run from listing to look-up: baseline, plan, the loop, and the listing that settles what is open. */
import type { Checked } from './core/check.js';
import type { Directory, ListingEnd } from './core/directory.js';
import type { Event } from './core/event.js';
import { fold, type History } from './core/history.js';
import { EXIT, Halt, type Stop } from './core/outcome.js';
import { addToListing, emptyListing, type Listing, type Planned, plan, settleOpen } from './core/plan.js';
import { decide, PER_DAY } from './core/policy.js';
import { type Clock, type Ports, run, type Turns } from './run.js';

/** What a run needs. The history is folded in place: hand in an earlier process's to go on with its run. */
export type Job = {
  /** The rows, from the first, in batches. */
  readonly rows: () => AsyncIterable<readonly Checked[]>;
  readonly history: History;
  readonly directory: Directory;
  readonly turns: Turns;
  /** Keeps an event durably. @throws Halt when it can't */
  readonly keep: (event: Event) => void;
  /** Told of every event after it was kept. */
  readonly onEvent: (event: Event) => void;
  /** Told of every event that could not be kept. */
  readonly onLost: (event: Event) => void;
  readonly clock: Clock;
  readonly dice: () => number;
  readonly concurrency: number;
  readonly perSecond: number;
  readonly accountPlan: keyof (typeof PER_DAY)['im'];
  readonly maxFailures?: number;
  /** Whether to list the directory before the first create. */
  readonly baseline: boolean;
  readonly update: boolean;
  readonly signal: AbortSignal;
};

/** Runs the job to its end or its stop; the job's history says what came of every row. */
export async function provision(job: Job): Promise<void> {
  const record = (event: Event): void => {
    job.keep(event);
    fold(job.history, event);
    job.onEvent(event);
  };
  const lost = (event: Event): void => {
    fold(job.history, event);
    job.onLost(event);
  };
  try {
    const now = job.baseline ? await list(job, 'baseline', record) : undefined;
    if (!now && job.directory.api === 'contacts') throw new Halt(needsListing());
    const ports: Ports = { ...job, record, lost };
    const limits = { ...job, ...day(job), heard: now !== undefined };
    const { open } = await run(steps(job, now), ports, limits, job.signal);
    if (open.length > 0 && mayStillAsk(job.history.stop)) await close(job, open, record);
  } catch (error) {
    if (!(error instanceof Halt)) throw error;
    const event: Event = { e: 'stop', at: job.clock.now(), stop: error.stop };
    try {
      record(event);
    } catch {
      lost(event);
    }
  }
}

async function* steps(job: Job, now: Listing | undefined): AsyncGenerator<Planned> {
  const known = { now, history: job.history, update: job.update };
  for await (const batch of job.rows()) {
    for (const checked of batch) if (checked.kind === 'definition') yield plan(checked, known);
  }
}

/** After a stop nothing is asked any more; `--max-failures` only ends the taking of rows. */
function mayStillAsk(stop: Stop | undefined): boolean {
  return stop === undefined || stop.reason === 'max-failures';
}

async function close(job: Job, open: readonly Planned[], record: (event: Event) => void): Promise<void> {
  const closing = await list(job, 'closing', record);
  for (const row of open) {
    const state = job.history.rows.get(row.key);
    if (!state) throw new Error(`an open row that was never sent: line ${row.line}`);
    const settled = state.outcome;
    const found = settleOpen(row, state, closing, job.history);
    // A row that is open only for its id stays what it is when no listing has it.
    if (settled && !found.groupId) continue;
    const outcome = settled && found.groupId ? { ...settled, groupId: found.groupId } : found;
    const { key, line, settings } = row;
    record({ e: 'settled', at: job.clock.now(), key, line, settings, outcome });
  }
}

/** Reasons for which a listing is done without: the creates may be allowed all the same. */
const LISTING_ONLY: ReadonlySet<string> = new Set([
  'scope-missing',
  'permission',
  'wrong-base-url',
  'method',
]);

/** Takes a listing with the patience of a row; undefined, and a warning kept, where none can be had. */
async function list(
  job: Job,
  which: 'baseline' | 'closing',
  record: (event: Event) => void,
): Promise<Listing | undefined> {
  const { clock, history, signal } = job;
  const keepGroups = which === 'baseline' && !history.baseline && history.requests.sent === 0;
  const replies: Parameters<typeof decide>[1][number][] = [];
  let requests = 0;
  for (;;) {
    if (signal.aborted) throw signal.reason;
    const listing = emptyListing();
    const end = await readListing(job, listing, keepGroups ? record : undefined);
    requests += end.requests;
    const { size } = listing.groups;
    if (end.ok) {
      record({ e: 'listing', at: clock.now(), which, ok: true, groups: size, requests, why: '' });
      return listing;
    }
    replies.push(end.reply);
    const next = decide({ op: 'update', inDoubt: false }, replies, job.dice);
    if (next.do === 'again') {
      // What was listed so far is void: the next try begins from the first group.
      record({ e: 'listing', at: clock.now(), which, ok: false, groups: 0, requests, why: '' });
      requests = 0;
      await clock.sleep(next.waitMs, signal);
      continue;
    }
    const why = `no listing of the existing groups: ${end.reply.message}`;
    record({ e: 'listing', at: clock.now(), which, ok: false, groups: 0, requests, why });
    if (next.do === 'stop' && !LISTING_ONLY.has(next.stop.reason)) throw new Halt(next.stop);
    return undefined;
  }
}

async function readListing(
  job: Job,
  listing: Listing,
  record: ((event: Event) => void) | undefined,
): Promise<ListingEnd> {
  const batches = job.directory.list();
  for (;;) {
    const next = await batches.next();
    if (next.done) return next.value;
    addToListing(listing, next.value);
    record?.({ e: 'listed', at: job.clock.now(), groups: next.value });
  }
}

/** What is left of the day's budget, counting what earlier processes of this run sent on the same UTC day. */
function day(job: Job): { day?: { left: number; perDay: number; resetsAt: number } } {
  const perDay = PER_DAY[job.directory.api][job.accountPlan];
  if (perDay === Number.POSITIVE_INFINITY) return {};
  const today = new Date(job.clock.now()).setUTCHours(0, 0, 0, 0);
  let sent = 0;
  for (const [second, { sent: n }] of job.history.timeline) if (second * 1000 >= today) sent += n;
  return { day: { left: perDay - sent, perDay, resetsAt: today + 86_400_000 } };
}

function needsListing(): Stop {
  return {
    exit: EXIT.act,
    reason: 'listing-needed',
    message: 'contact groups can only be created safely with a listing of what exists, and none could be had',
    hint: 'Contact groups may share a name, so a second run would make each twice. Add the scope contact_group:read:admin and leave out --no-baseline.',
  };
}
