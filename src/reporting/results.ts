/** Each input row with how it ended: as a value, as totals, and as a line of results.csv. */
import { isInDoubt, type RowState } from '../events/row-state.js';
import type { RunState } from '../events/run-state.js';
import type { Outcome } from '../model/outcome.js';
import { pickMetadata } from '../model/reply.js';
import { isProvisioned, STATUS_NAMES, type Status } from '../model/statuses.js';
import type { IdColumn } from '../resources/resource.js';
import { formatGuardedCsvLine } from '../text/csv-cell.js';
import { formatProblemValue, type Problem } from '../validation/problem.js';
import type { Row, ValidatedRow } from '../validation/row.js';
import { countReason, type FailureReasons } from './failure-reasons.js';
import { describeInterruption } from './stop-reasons.js';

/** One line of the results: an input row, the name it asks for, and how it ended. */
export type Result = {
  readonly row: Row;
  readonly name: string;
  readonly outcome: Outcome;
  /** Requests that were sent for this row. */
  readonly attempts: number;
  /** What this row may share with others: the detail without the values that are its own. */
  readonly reason: string;
  /** A duplicate counts as the row that it repeats. */
  readonly provisioned: boolean;
  /** Whether the run finished with it; otherwise a resume may still provision it. */
  readonly settled: boolean;
};

export function toResult(validated: ValidatedRow, state: RunState): Result {
  const { row, name } = validated;
  if (validated.type === 'invalid') return toInvalidResult(row, name, validated.problems);
  const known = state.rows.get(validated.key);
  const current = known?.fingerprint === validated.fingerprint ? known : undefined;
  const outcome = current?.outcome ?? toUnsettledOutcome(current, state);
  const settled = current?.outcome !== undefined;
  const provisioned = isProvisioned(outcome.status);
  if (validated.type === 'item') {
    const { detail: reason } = outcome;
    return { row, name, outcome, attempts: current?.attempts ?? 0, reason, provisioned, settled };
  }
  const { ids } = outcome;
  const detail = `same as line ${validated.of}`;
  const repeated: Outcome = { status: 'duplicate', detail, ...(ids ? { ids } : {}) };
  const reason = 'an earlier row with the same name is not provisioned';
  return { row, name, outcome: repeated, attempts: 0, reason, provisioned, settled };
}

function toInvalidResult(row: Row, name: string, problems: readonly Problem[]): Result {
  const shared = problems.map(({ rule, message }) => `${rule}: ${message}`);
  const detail = problems.map((problem, i) => `${shared[i]} (${formatProblemValue(problem)})`).join('; ');
  const outcome: Outcome = { status: 'invalid', detail };
  return { row, name, outcome, attempts: 0, reason: shared.join('; '), provisioned: false, settled: true };
}

/** The run stopped or was killed before this row, or while its request was in flight. */
function toUnsettledOutcome(row: RowState | undefined, { stop }: RunState): Outcome {
  const cause = describeInterruption(stop?.reason ?? 'cut-off');
  if (!row) return { status: 'not-attempted', detail: cause };
  const { last } = row;
  const metadata = pickMetadata(last);
  if (isInDoubt(row)) {
    return { status: 'unknown', detail: `${cause}, before Zoom's response arrived`, ...metadata };
  }
  const detail = last?.message ? `${cause}; last response: ${last.message}` : cause;
  return { status: 'not-attempted', detail, ...metadata };
}

/** Counts of the results so far. */
export type Totals = {
  readonly counts: Record<Status, number>;
  readonly reasons: FailureReasons;
  rows: number;
  unprovisioned: number;
  /** Rows that are not settled. */
  open: number;
};

export function createTotals(): Totals {
  const counts = Object.fromEntries(STATUS_NAMES.map((status) => [status, 0])) as Record<Status, number>;
  return { counts, reasons: new Map(), rows: 0, unprovisioned: 0, open: 0 };
}

export function addResult(totals: Totals, result: Result): void {
  totals.rows += 1;
  totals.counts[result.outcome.status] += 1;
  if (!result.settled) totals.open += 1;
  if (result.provisioned) return;
  totals.unprovisioned += 1;
  const { outcome, reason, row, name } = result;
  // Like the pending row that it repeats, such a duplicate has failed in nothing.
  if (outcome.status === 'duplicate' && !result.settled) return;
  countReason(totals.reasons, outcome.status, reason, { line: row.line, name });
}

/** The columns of results.csv before those of the input, each with its cell of a line. */
function listColumns(
  idColumns: readonly IdColumn[],
): readonly (readonly [column: string, cell: (result: Result) => string | number | undefined])[] {
  return [
    ['zoom__status', ({ outcome }) => outcome.status],
    ['zoom__line', ({ row }) => row.line],
    ...idColumns.map(({ column, id }) => [column, ({ outcome }: Result) => outcome.ids?.[id]] as const),
    ['zoom__http_status', ({ outcome }) => outcome.httpStatus],
    ['zoom__code', ({ outcome }) => outcome.code],
    ['zoom__attempts', ({ attempts }) => attempts],
    ['zoom__tracking_id', ({ outcome }) => outcome.trackingId],
    ['zoom__detail', ({ outcome }) => outcome.detail],
  ];
}

/** results.csv of an input: its header line, and the line of each result. */
export function createResultsTable(
  { header, delimiter }: { readonly header: readonly string[]; readonly delimiter: string },
  idColumns: readonly IdColumn[],
): { readonly header: string; readonly formatLine: (result: Result) => string } {
  const columns = listColumns(idColumns);
  return {
    header: formatGuardedCsvLine([...columns.map(([column]) => column), ...header], delimiter),
    formatLine: (result) => {
      const cells = columns.map(([, cell]) => String(cell(result) ?? ''));
      return formatGuardedCsvLine([...cells, ...result.row.cells], delimiter);
    },
  };
}
