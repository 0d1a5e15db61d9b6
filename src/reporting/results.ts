/** History → results, failed rows and summary, as values and as text; nothing here touches a disk. */

import type { Target } from '../events/event.js';
import { isInDoubt, type RowState } from '../events/row-state.js';
import type { RunState } from '../events/run-state.js';
import {
  EXIT,
  type ExitCode,
  isProvisioned,
  type Outcome,
  pickMetadata,
  STATUSES,
  type Status,
} from '../model/outcome.js';
import { formatGuardedCsvLine } from '../text/csv-cell.js';
import type { Row, ValidatedRow } from '../validation/row.js';

/** One line of the results: an input row, the name it asks for, and how it ended. */
export type Result = {
  readonly row: Row;
  readonly name: string;
  readonly outcome: Outcome;
  /** A duplicate is as provisioned as the row that it repeats. */
  readonly provisioned: boolean;
  /** Whether the run came to an end with it; what it was cut off from may still be done. */
  readonly settled: boolean;
};

/** What becomes of a checked row under what is known of the run. */
export function toResult(checked: ValidatedRow, history: RunState): Result {
  const { row } = checked;
  if (checked.kind === 'invalid') {
    const detail = checked.problems.map((p) => `${p.rule}: ${p.message}`).join('; ');
    return result(row, checked.name, { status: 'invalid', detail, attempts: 0 }, true);
  }
  const { name } = checked.definition;
  const state = history.rows.get(checked.key);
  const current = state?.settings === checked.settings ? state : undefined;
  const outcome = current?.outcome
    ? { ...current.outcome, attempts: current.attempts }
    : unsettled(current, history);
  const settled = current?.outcome !== undefined;
  if (checked.kind === 'definition') return result(row, name, outcome, settled);
  const { groupId } = outcome;
  const detail = `same as line ${checked.of}`;
  const repeated: Outcome = { status: 'duplicate', detail, attempts: 0, ...(groupId ? { groupId } : {}) };
  return { row, name, outcome: repeated, provisioned: isProvisioned(outcome.status), settled };
}

function result(row: Row, name: string, outcome: Outcome, settled: boolean): Result {
  return { row, name, outcome, provisioned: isProvisioned(outcome.status), settled };
}

/** A row that nothing settled: the run stopped or was killed before it, or in the middle of it. */
function unsettled(state: RowState | undefined, history: RunState): Outcome {
  const why = history.stop ? `the run stopped: ${history.stop.reason}` : 'the run was cut off';
  if (!state) return { status: 'not-attempted', detail: why, attempts: 0 };
  const { last, attempts } = state;
  const facts = { attempts, ...pickMetadata(last) };
  if (!isInDoubt(state)) {
    const said = last?.message ? `${why}; last answer: ${last.message}` : why;
    return { status: 'not-attempted', detail: said, ...facts };
  }
  return { status: 'unknown', detail: `${why} before it was clear whether Zoom has it`, ...facts };
}

/** Counts results as they pass. */
export type Totals = {
  readonly counts: Record<Status, number>;
  rows: number;
  unprovisioned: number;
  /** Rows that nothing settled. */
  open: number;
};

export function createTotals(): Totals {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
  return { counts, rows: 0, unprovisioned: 0, open: 0 };
}

export function addResult(tally: Totals, result: Result): void {
  tally.rows += 1;
  tally.counts[result.outcome.status] += 1;
  if (!result.provisioned) tally.unprovisioned += 1;
  if (!result.settled) tally.open += 1;
}

export type ReportFiles = {
  /** Absent where several runs are in one report: each has its own. */
  readonly journal?: string;
  readonly results: string;
  readonly failed: string;
  readonly summary: string;
  readonly report: string;
};

/** `summary.json`: a contract with scripts, so its names are spelt as they are in the file. */
export type Summary = {
  readonly schema_version: 1;
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
  /** Time in which the run worked; the gap before a resume is not in it. */
  readonly duration_ms: number;
  readonly counts: Readonly<Record<Status, number>>;
  /** Rows without their group, the duplicates of such rows among them. */
  readonly not_provisioned: number;
  readonly requests: {
    readonly sent: number;
    readonly retried: number;
    readonly rate_limited: number;
    readonly lists: number;
  };
  /** Rows that an earlier process of this run had provisioned already. */
  readonly carried_over: number;
  readonly warnings: readonly string[];
  readonly exit: { readonly code: ExitCode; readonly reason: string };
  readonly files: ReportFiles;
};

/** The statuses of a rollback are left out of the counts of a provisioning run, and appear in its own. */
const ROLLBACK_ONLY: ReadonlySet<Status> = new Set(['deleted', 'restored', 'kept']);

/** @throws Error when the journal holds no header, which replay refuses before. */
export function summarize(
  history: RunState,
  tally: Totals,
  files: ReportFiles,
  gaps: readonly string[] = [],
): Summary {
  const first = history.runs[0];
  const run = history.runs.at(-1);
  if (!first || !run) throw new Error('a run without a header');
  const counts = Object.fromEntries(
    STATUSES.filter((status) => tally.counts[status] > 0 || !ROLLBACK_ONLY.has(status)).map((status) => [
      status,
      tally.counts[status],
    ]),
  ) as Record<Status, number>;
  return {
    schema_version: 1,
    run_id: run.runId,
    tool_version: run.toolVersion,
    simulated: run.simulated,
    input: { path: run.input.path, sha256: run.input.sha256, rows: tally.rows },
    target: {
      base_url: run.target.baseUrl,
      api: run.target.api,
      account_plan: run.target.accountPlan,
      rate_per_second: run.target.perSecond,
    },
    started_at: new Date(first.at).toISOString(),
    finished_at: new Date(history.lastAt).toISOString(),
    duration_ms: history.activeMs,
    counts,
    not_provisioned: tally.unprovisioned,
    requests: {
      sent: history.requests.sent,
      retried: history.requests.retried,
      rate_limited: history.requests.rateLimited,
      lists: history.requests.lists,
    },
    carried_over: history.carriedOver,
    warnings: history.warnings,
    exit: decideExit(history, tally, gaps),
    files,
  };
}

/**
 * The exit code is derived from how the rows ended; a stop only tells why some did not. `gaps`: what is missing from
 * a report of several runs.
 */
export function decideExit(
  history: RunState,
  tally: Totals,
  gaps: readonly string[] = [],
): { code: ExitCode; reason: string } {
  const { stop } = history;
  // A journal that lacks something is told even where the rows came through all the same.
  if (stop && (tally.unprovisioned > 0 || stop.exit === EXIT.unwritable))
    return { code: stop.exit, reason: stop.reason };
  if (tally.unprovisioned === 0 && gaps.length === 0)
    return { code: EXIT.ok, reason: 'every row is provisioned' };
  if (tally.open > 0) return { code: EXIT.retryLater, reason: 'cut-off' };
  const rows = tally.unprovisioned === 1 ? 'row is' : 'rows are';
  const left = tally.unprovisioned > 0 ? [`${tally.unprovisioned} ${rows} not provisioned`] : [];
  return { code: EXIT.unprovisioned, reason: [...left, ...gaps].join('; ') };
}

export const RESULT_COLUMNS = [
  'zoom__status',
  'zoom__line',
  'zoom__group_id',
  'zoom__http_status',
  'zoom__code',
  'zoom__attempts',
  'zoom__tracking_id',
  'zoom__detail',
] as const;

/** The header line of results.csv: our columns, then the input's as they were. */
export function formatResultsHeader(header: readonly string[], delimiter: string): string {
  return formatGuardedCsvLine([...RESULT_COLUMNS, ...header], delimiter);
}

/** One line of results.csv. */
export function formatResultsLine({ row, outcome }: Result, delimiter: string): string {
  return formatGuardedCsvLine(
    [
      outcome.status,
      String(row.line),
      outcome.groupId ?? '',
      String(outcome.http ?? ''),
      String(outcome.code ?? ''),
      String(outcome.attempts),
      outcome.trackingId ?? '',
      outcome.detail,
      ...row.cells,
    ],
    delimiter,
  );
}
