/** What a command would do: collected without a write, shown, and told from another plan by its checksum. */
import { createHash } from 'node:crypto';
import { dryRun } from '../engine/provision.js';
import type { RowOutcome, RunShape } from '../events/event.js';
import type { RateLabel } from '../model/call.js';
import { createStop, EXIT, type ExitCode, FatalError } from '../model/stop.js';
import { createForecast, formatForecast } from '../reporting/forecast.js';
import type { Session, Step } from '../resources/resource.js';
import { flushStdout, writeJson, writeStdout } from '../terminal/stdout.js';
import type { Account } from './account.js';
import { wantsColor } from './options/environment.js';
import type { RunSession } from './run-session.js';

/** How the plans of one resource are collected and shown. */
export type PlanView = {
  /** What is known about a row without a request. */
  addKnown(outcome: RowOutcome): void;
  /** A write that a run would send. */
  addWrite(step: Step): void;
  /** Requests of the label `medium` by which a run reads what its writes did. */
  countReadBacks?(): number;
  /** Rows that a run would change something for, and rows that cannot be done. */
  count(): { readonly changes: number; readonly problems: number };
  /** What is particular to the resource. */
  toJson(): Readonly<Record<string, unknown>>;
  formatRows(color: boolean): readonly string[];
  /** In one line: `12 to create, 3 differ`. */
  formatTotals(): string;
};

export type Plan = {
  readonly checksum: string;
  /** How many would be sent. */
  readonly requests: ReadonlyMap<RateLabel, number>;
};

/**
 * Makes the plan of a session: reads what it has to, sends no write.
 * @throws FatalError if the plan cannot be made
 */
export async function makePlan(
  session: Session,
  { ports, warn, target, simulated, accountMark = '' }: Account,
  shape: RunShape,
  view: PlanView,
): Promise<Plan> {
  // Each simulator has another account and port, and the same groups.
  const place = simulated ? ['', ''] : [accountMark, target.baseUrl];
  const checksum = createUnorderedHash([...place, target.api, shape]);
  const requests = new Map<RateLabel, number>();
  const addRequests = (label: RateLabel, more: number): void =>
    void requests.set(label, (requests.get(label) ?? 0) + more);
  await dryRun({
    session,
    ...ports,
    onEvent: (event) => {
      if (event.type === 'warning') warn(event.message);
      if (event.type !== 'known' && event.type !== 'reply') return;
      for (const known of event.outcomes ?? []) {
        const { key, fingerprint, outcome } = known;
        checksum.add([key, fingerprint, outcome.status, outcome.detail, outcome.ids]);
        view.addKnown(known);
      }
    },
    onPlannedWrite: (step) => {
      const rows = step.rows.map(({ key, fingerprint }) => [key, fingerprint]);
      checksum.add([step.operation, rows, step.change, step.note]);
      addRequests(step.call.label, 1);
      view.addWrite(step);
    },
  });
  addRequests('medium', view.countReadBacks?.() ?? 0);
  return { checksum: checksum.digest(), requests };
}

/** Prints a plan. @returns under --detailed-exitcode, 2 if there is something to do */
export async function showPlan(
  command: string,
  { checksum, requests }: Plan,
  view: PlanView,
  { account, options, validation, run }: RunSession,
): Promise<ExitCode> {
  const { target, simulated, rateFor } = account;
  const { changes, problems } = view.count();
  const code = options.detailedExitcode && changes > 0 ? EXIT.usage : EXIT.ok;
  const forecast = createForecast(requests, target.accountPlan, rateFor);
  if (options.json) {
    const fields = {
      simulated,
      input: { path: run.file, sha256: validation.sha256, rows: validation.rows },
      target: {
        base_url: target.baseUrl,
        api: target.api,
        account_plan: target.accountPlan,
        rate_per_second: target.perSecond,
      },
      ...view.toJson(),
      forecast,
      checksum,
    };
    writeJson(command, fields, { code, reason: 'planned' });
  } else if (!options.quiet || changes + problems > 0) {
    if (!options.quiet) for (const row of view.formatRows(wantsColor(process.stdout))) writeStdout(row);
    writeStdout(`${simulated ? 'simulated: ' : ''}${view.formatTotals()}\n${formatForecast(forecast)}`);
    const doer = command === 'plan' ? 'apply' : command;
    writeStdout(`Checksum: ${checksum} (${doer} --checksum does exactly this)`);
  }
  return flushStdout(code);
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

/** @throws FatalError (exit 2) unless the checksums are equal */
export function refuseOtherChecksum(now: string, reviewed: string): void {
  if (now === reviewed) return;
  throw new FatalError(
    createStop(
      'checksum-mismatch',
      `what would be done now is not what was reviewed: the checksum is ${now}, not ${reviewed}`,
      'Nothing was sent. Review the plan again.',
    ),
  );
}
