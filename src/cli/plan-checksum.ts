/** The checksum of what a run would do: the account, what shapes the run, what is wanted, and what exists. */
import { createHash } from 'node:crypto';
import { dryRun } from '../engine/provision.js';
import type { RowOutcome, RunShape } from '../events/event.js';
import { createStop, FatalError } from '../model/stop.js';
import type { Session, Step } from '../resources/resource.js';
import { type Account, toEnginePorts } from './account.js';

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
  const { baseUrl, api } = account.target;
  // Each simulator has another account and port, and the same groups.
  const place = account.simulated ? ['', ''] : [account.accountMark ?? '', baseUrl];
  const checksum = createUnorderedHash([...place, api, shape]);
  await dryRun({
    session,
    ...toEnginePorts(account),
    signal,
    onEvent: (event) => {
      if (event.type === 'warning') observer.onWarning(event.message);
      if (event.type !== 'known' && event.type !== 'reply') return;
      for (const known of event.outcomes ?? []) {
        const { key, fingerprint, outcome } = known;
        checksum.add([key, fingerprint, outcome.status, outcome.detail, outcome.ids]);
        observer.onKnown(known);
      }
    },
    onPlannedWrite: (step) => {
      const rows = step.rows.map(({ key, fingerprint }) => [key, fingerprint]);
      checksum.add([step.operation, rows, step.change, step.note]);
      observer.onWrite(step);
    },
  });
  return checksum.digest();
}

/** A hash of a set of values: groups are read at once, so that their order says nothing. */
function createUnorderedHash(first: unknown): { add(value: unknown): void; digest(): string } {
  const hash = (value: unknown): Buffer => createHash('sha256').update(JSON.stringify(value)).digest();
  const sum = hash(first);
  let count = 0;
  return {
    add: (value) => {
      count += 1;
      for (const [at, byte] of hash(value).entries()) sum[at] = (sum[at] ?? 0) ^ byte;
    },
    digest: () => hash([sum.toString('hex'), count]).toString('hex'),
  };
}

/** @throws FatalError (exit 2) if what is planned now is not what was reviewed */
export async function checkPlan(
  session: Session,
  account: Account,
  shape: RunShape,
  reviewed: string,
): Promise<void> {
  const ignore = (): void => undefined;
  const observer = { onKnown: ignore, onWrite: ignore, onWarning: ignore };
  refuseOtherChecksum(await makePlan(session, account, shape, observer), reviewed);
}

/** @throws FatalError (exit 2) unless the checksums are equal */
export function refuseOtherChecksum(now: string, reviewed: string): void {
  if (now === reviewed.trim().toLowerCase()) return;
  throw new FatalError(
    createStop(
      'checksum-mismatch',
      `what would be done now is not what was reviewed: the checksum is ${now}, not ${reviewed}`,
      'Nothing was sent. Review the plan again.',
    ),
  );
}
