/** Why rows are not provisioned, grouped: 300 rows often share one reason. */
import type { Status } from '../model/statuses.js';

/** As in `summary.json`. */
export type FailureReason = {
  readonly status: Status;
  readonly reason: string;
  readonly rows: number;
  /** The first row that has it. */
  readonly example: { readonly line: number; readonly name: string };
};

export type FailureReasons = Map<string, FailureReason>;

/** More different reasons say nothing in a summary, and a million of them must not fill the memory. */
const REASONS_MAX = 500;
/** As many as a reader takes in at once; `results.csv` has the reason of each row. */
const TOP_REASONS = 8;

export function countReason(
  reasons: FailureReasons,
  status: Status,
  reason: string,
  row: FailureReason['example'],
): void {
  const key = `${status}\n${reason}`;
  const known = reasons.get(key);
  if (known) reasons.set(key, { ...known, rows: known.rows + 1 });
  else if (reasons.size < REASONS_MAX) {
    reasons.set(key, { status, reason, rows: 1, example: row });
  }
}

/** The most frequent ones, in that order. */
export function topReasons(reasons: FailureReasons): readonly FailureReason[] {
  return [...reasons.values()].sort((a, b) => b.rows - a.rows).slice(0, TOP_REASONS);
}
