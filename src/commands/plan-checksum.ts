/** The checksum of what a run would do: the account, what shapes the run, what is wanted, and what exists. */
import { createHash } from 'node:crypto';
import type { Account } from '../cli/account.js';
import { clock } from '../engine/clock.js';
import { dryRun } from '../engine/provision.js';
import type { RowOutcome, RunShape } from '../events/event.js';
import { createStop, FatalError } from '../model/stop.js';
import type { Session, Step } from '../resources/resource.js';

export type PlanObserver = {
  /** What is known about a row without a request. */
  readonly onKnown: (outcome: RowOutcome) => void;
  /** A write that a run would send. */
  readonly onWrite: (step: Step) => void;
  readonly onWarning: (message: string) => void;
};

/**
 * Makes the plan of a session: reads what it has to, sends no write.
 * @returns its checksum, in hex
 * @throws FatalError if the plan cannot be made
 */
export async function makePlan(
  session: Session,
  account: Account,
  shape: RunShape,
  observer: PlanObserver,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const hash = createHash('sha256');
  const { baseUrl, api } = account.target;
  hash.update(JSON.stringify([account.accountMark ?? '', account.simulated ? '' : baseUrl, api, shape]));
  await dryRun({
    session,
    api: account.api,
    onPace: account.onPace,
    clock,
    random: Math.random,
    concurrencyFor: account.concurrencyFor,
    signal,
    onEvent: (event) => {
      if (event.type === 'warning') observer.onWarning(event.message);
      if (event.type !== 'known' && event.type !== 'reply') return;
      for (const known of event.outcomes ?? []) {
        const { key, fingerprint, outcome } = known;
        hash.update(JSON.stringify([key, fingerprint, outcome.status, outcome.detail, outcome.ids]));
        observer.onKnown(known);
      }
    },
    onPlannedWrite: (step) => {
      const rows = step.rows.map(({ key, fingerprint }) => [key, fingerprint]);
      hash.update(JSON.stringify([step.operation, rows, step.change, step.note]));
      observer.onWrite(step);
    },
  });
  return hash.digest('hex');
}

/** @throws FatalError (exit 2) if what is planned now is not what was reviewed */
export async function checkPlan(
  session: Session,
  account: Account,
  shape: RunShape,
  checksum: string,
): Promise<void> {
  const ignore = (): void => undefined;
  const now = await makePlan(session, account, shape, {
    onKnown: ignore,
    onWrite: ignore,
    onWarning: ignore,
  });
  if (now === checksum.trim().toLowerCase()) return;
  throw new FatalError(
    createStop(
      'checksum-mismatch',
      `what would be done now is not what was reviewed: the checksum is ${now}, not ${checksum}`,
      'Nothing was sent. Review the plan again: zoom-im-groups plan FILE',
    ),
  );
}
