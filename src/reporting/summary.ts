/** `summary.json`: what a run amounts to, for scripts and for the other reports. */
import type { Target } from '../events/event.js';
import type { RunState } from '../events/run-state.js';
import { STATUS_NAMES, type Status } from '../model/statuses.js';
import { decideExit, type Exit } from './exit-code.js';
import { type FailureReason, topReasons } from './failure-reasons.js';
import type { Totals } from './results.js';

export type ReportFiles = {
  /** Absent in a report of several runs: each has its own. */
  readonly journal?: string;
  readonly results: string;
  readonly failed: string;
  readonly summary: string;
  readonly report: string;
};

/** Scripts rely on these names, so they are spelt as in the file. */
export type Summary = {
  readonly schema_version: 2;
  readonly command: string;
  readonly run_id: string;
  readonly tool_version: string;
  readonly simulated: boolean;
  readonly input: { readonly path: string; readonly sha256: string; readonly rows: number };
  readonly target: {
    readonly base_url: string;
    readonly api: Target['api'];
    readonly account_plan: Target['accountPlan'];
    readonly rate_per_second: number;
  };
  readonly started_at: string;
  readonly finished_at: string;
  /** Time in which the run worked, without the gap before a resume. */
  readonly duration_ms: number;
  /** Every status that the command's rows can end with, also if none did. */
  readonly counts: Readonly<Partial<Record<Status, number>>>;
  /** Duplicates of rows that are not provisioned are counted too. */
  readonly not_provisioned: number;
  /** Why they are not, the most frequent reasons first. */
  readonly reasons: readonly FailureReason[];
  readonly requests: {
    readonly sent: number;
    readonly retried: number;
    readonly rate_limited: number;
    readonly lists: number;
  };
  /** Rows that earlier processes of this run had provisioned. */
  readonly carried_over: number;
  /** Continues a run that stopped. */
  readonly resume_command?: string;
  readonly warnings: readonly string[];
  readonly exit: Exit;
  readonly files: ReportFiles;
};

/** Any row of a file can end with these. */
const INPUT_STATUSES: readonly Status[] = ['duplicate', 'failed', 'unknown', 'invalid', 'not-attempted'];

/** What a script can count on to find in `counts`, by command. */
const STATUSES_BY_COMMAND: ReadonlyMap<string, readonly Status[]> = new Map([
  ['apply', ['created', 'updated', 'already-provisioned', ...INPUT_STATUSES]],
  ['members', ['added', 'removed', 'already-member', 'not-member', 'kept', ...INPUT_STATUSES]],
  ['rollback', ['deleted', 'restored', 'kept', ...INPUT_STATUSES]],
]);

/** @param gaps what is missing from a report of several runs */
export function summarize(
  state: RunState,
  totals: Totals,
  files: ReportFiles,
  gaps: readonly string[] = [],
): Summary {
  const first = state.runs[0];
  const run = state.runs.at(-1);
  // The journal's reader refuses a run that has no header.
  if (!first || !run) throw new Error('a run without a header');
  const listed = STATUSES_BY_COMMAND.get(run.command) ?? INPUT_STATUSES;
  const counts = STATUS_NAMES.filter((status) => totals.counts[status] > 0 || listed.includes(status));
  return {
    schema_version: 2,
    command: run.command,
    run_id: run.runId,
    tool_version: run.toolVersion,
    simulated: run.simulated,
    input: { path: run.input.path, sha256: run.input.sha256, rows: totals.rows },
    target: {
      base_url: run.target.baseUrl,
      api: run.target.api,
      account_plan: run.target.accountPlan,
      rate_per_second: run.target.perSecond,
    },
    started_at: new Date(first.at).toISOString(),
    finished_at: new Date(state.lastAt).toISOString(),
    duration_ms: state.activeMs,
    counts: Object.fromEntries(counts.map((status) => [status, totals.counts[status]])),
    not_provisioned: totals.unprovisioned,
    reasons: topReasons(totals.reasons),
    requests: {
      sent: state.requests.sent,
      retried: state.requests.retried,
      rate_limited: state.requests.rateLimited,
      lists: state.requests.lists,
    },
    carried_over: state.carriedOver,
    warnings: state.warnings,
    exit: decideExit(state, totals, gaps),
    files,
  };
}

/** The rows of the file that ended with a status. */
export function countRows({ counts }: Pick<Summary, 'counts'>, status: Status): number {
  return counts[status] ?? 0;
}
