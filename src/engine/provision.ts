/** One run from its first step to its end: events go to the journal, then to the run state, then to the observers. */
import type { Event } from '../events/event.js';
import { applyEvent, type RunState } from '../events/run-state.js';
import type { ApiClient, PaceChange } from '../model/api.js';
import type { RateLabel } from '../model/call.js';
import type { Clock } from '../model/clock.js';
import { FatalError } from '../model/stop.js';
import type { Session, Step } from '../resources/resource.js';
import { runSession } from './loop.js';

export type Job = {
  readonly session: Session;
  /** Changed in place: hand in an earlier process's to resume its run. */
  readonly state: RunState;
  readonly api: ApiClient;
  /** Registers the listener for changes of speed. */
  readonly onPace: (listener: (change: PaceChange) => void) => void;
  /** Keeps events durably, all of them or none. @throws FatalError if it cannot */
  readonly keep: (...events: readonly Event[]) => void;
  /** Receives every event after it was kept. */
  readonly onEvent: (event: Event) => void;
  /** Receives every event that could not be kept: the last place where it can be seen. */
  readonly onLost: (event: Event) => void;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** Steps of that label in flight at once. */
  readonly concurrencyFor: (label: RateLabel) => number;
  readonly maxFailures?: number;
  readonly signal: AbortSignal;
};

/** Runs the job to its end or its stop; the job's state says what became of every row. */
export async function provision(job: Job): Promise<void> {
  const { state } = job;
  const record = (...events: readonly Event[]): void => {
    job.keep(...events);
    for (const event of events) {
      applyEvent(state, event);
      job.onEvent(event);
    }
  };
  const onLost = (event: Event): void => {
    applyEvent(state, event);
    job.onLost(event);
  };
  job.onPace((change) => {
    const event: Event = { type: 'pace', at: job.clock.now(), ...change };
    try {
      record(event);
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      onLost(event);
    }
  });
  await runSession(job.session, {
    ...job,
    record,
    onLost,
    wasAttempted: (key) => (state.rows.get(key)?.attempts ?? 0) > 0,
  });
  job.session.close?.();
}

export type DryRun = Omit<Job, 'state' | 'keep' | 'onEvent' | 'onLost' | 'maxFailures'> & {
  /** Receives what is known without a request, and warnings. */
  readonly onEvent: (event: Event) => void;
  /** Receives every write that a run would send. */
  readonly onPlannedWrite: (step: Step) => void;
};

/** The same without a write and without a journal. @throws FatalError if the plan cannot be made */
export async function dryRun(job: DryRun): Promise<void> {
  job.onPace(() => undefined);
  const stop = await runSession(job.session, {
    ...job,
    record: (...events) => events.forEach(job.onEvent),
    onLost: () => undefined,
    wasAttempted: () => false,
  });
  // With --limit, the plan is that of the limited run.
  if (stop && stop.reason !== 'limit') throw new FatalError(stop);
}
