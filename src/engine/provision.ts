/** One run from listing to look-up: baseline, plan, the loop, and the listing that settles what is open. */

import type { Event } from '../events/event.js';
import { applyEvent, type RunState } from '../events/run-state.js';
import type { Directory } from '../model/directory.js';
import { EXIT, FatalError, type Stop } from '../model/outcome.js';
import { PER_DAY } from '../resilience/retry-policy.js';
import type { GroupIndex } from '../resources/groups/group-index.js';
import { completed, type Planned, settleOpen } from '../resources/groups/plan.js';
import type { ValidatedRow } from '../validation/row.js';
import { settledEvent } from './event-factory.js';
import { takeListing } from './list-groups.js';
import { run } from './loop.js';
import type { Clock, Ports, Turns } from './ports.js';

type Definable = Extract<ValidatedRow, { kind: 'definition' }>;

/** What a run needs. The history is folded in place: hand in an earlier process's to go on with its run. */
export type Job = {
  /** The rows, from the first, in batches. */
  readonly rows: () => AsyncIterable<readonly ValidatedRow[]>;
  /** What a row needs, under a listing of the directory; undefined where none could be had. */
  readonly plan: (row: Definable, now: GroupIndex | undefined) => Planned;
  readonly history: RunState;
  readonly directory: Directory;
  readonly turns: Turns;
  /** Keeps events durably, all of them or none. @throws FatalError when it can't */
  readonly keep: (...events: readonly Event[]) => void;
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
  /** Why the job can't do without a listing; undefined where it can. */
  readonly needsListing: string | undefined;
  readonly signal: AbortSignal;
};

/** Runs the job to its end or its stop; the job's history says what came of every row. */
export async function provision(job: Job): Promise<void> {
  const record = (...events: readonly Event[]): void => {
    job.keep(...events);
    for (const event of events) {
      // The listing at hand serves as the baseline; its names are not held a second time.
      if (event.e !== 'listed') applyEvent(job.history, event);
      job.onEvent(event);
    }
  };
  const lost = (event: Event): void => {
    applyEvent(job.history, event);
    job.onLost(event);
  };
  try {
    const now = job.baseline ? await baseline(job, record) : undefined;
    if (!job.baseline && job.needsListing !== undefined)
      throw new FatalError(listingNeeded(job.needsListing));
    const ports: Ports = { ...job, record, lost };
    const limits = { ...job, ...day(job), heard: now !== undefined };
    const { open } = await run(steps(job, now), ports, limits, job.signal);
    const left = now || !job.baseline ? open : open.filter(({ key }) => !job.history.rows.get(key)?.outcome);
    if (left.length > 0 && mayStillAsk(job.history.stop)) await close(job, left, record);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    const event: Event = { e: 'stop', at: job.clock.now(), stop: error.stop };
    try {
      record(event);
    } catch {
      lost(event);
    }
  }
}

async function* steps(job: Job, now: GroupIndex | undefined): AsyncGenerator<readonly Planned[]> {
  for await (const batch of job.rows()) {
    yield batch.flatMap((row) => (row.kind === 'definition' ? [job.plan(row, now)] : []));
  }
}

/**
 * The listing before the first create, kept in the journal. What forbids a listing only is no reason not to
 * create; what forbids everything, and a listing that contact groups can't do without, ends the run.
 */
async function baseline(job: Job, record: (event: Event) => void): Promise<GroupIndex | undefined> {
  const { history, needsListing } = job;
  const keepGroups = !history.baseline && history.requests.sent === 0;
  const taken = await takeListing(job, { which: 'baseline', record, keepGroups });
  if (taken.ok && keepGroups) history.baseline = taken.listing;
  if (taken.ok) return taken.listing;
  if (taken.stop) throw new FatalError(taken.stop);
  if (needsListing !== undefined) throw new FatalError(listingNeeded(needsListing));
  return undefined;
}

/** After a stop nothing is asked any more; `--max-failures` only ends the taking of rows. */
function mayStillAsk(stop: Stop | undefined): boolean {
  return stop === undefined || stop.reason === 'max-failures';
}

async function close(job: Job, open: readonly Planned[], record: (event: Event) => void): Promise<void> {
  const taken = await takeListing(job, { which: 'closing', record });
  const closing = taken.ok ? taken.listing : undefined;
  for (const row of open) {
    const state = job.history.rows.get(row.key);
    if (!state) throw new Error(`an open row that was never sent: line ${row.line}`);
    const before = state.outcome;
    const outcome = before ? completed(row, before, closing) : settleOpen(row, state, closing, job.history);
    if (outcome === before) continue;
    record(settledEvent(row, outcome, job.clock.now()));
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

function listingNeeded(why: string): Stop {
  return {
    exit: EXIT.actionRequired,
    reason: 'listing-needed',
    message: `a listing of the existing groups is needed, and none could be had: ${why}`,
    hint: 'Add the read scope (imgroup:read:admin, or contact_group:read:admin for contact groups) and leave out --no-listing.',
  };
}
