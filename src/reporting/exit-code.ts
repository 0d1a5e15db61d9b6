/** The exit code of a run, and its reason. */
import type { RunState } from '../events/run-state.js';
import { EXIT, type ExitCode } from '../model/stop.js';
import { formatNumber } from '../text/format.js';
import type { Totals } from './results.js';

/** `reason` is a stable word for scripts, or a sentence if the rows speak for themselves. */
export type Exit = {
  readonly code: ExitCode;
  readonly reason: string;
  /** What stopped the run. */
  readonly message?: string;
  /** What the user does next. */
  readonly hint?: string;
};

/**
 * The rows decide: a stop matters only if it left a row without its outcome.
 * @param gaps what is missing from a report of several runs
 */
export function decideExit(
  { stop }: Pick<RunState, 'stop'>,
  totals: Pick<Totals, 'unprovisioned' | 'open'>,
  gaps: readonly string[] = [],
): Exit {
  const { unprovisioned, open } = totals;
  // An incomplete journal is reported even if every row is provisioned: the next resume depends on it.
  if (stop && (unprovisioned > 0 || stop.exit === EXIT.unwritable)) {
    return { code: stop.exit, reason: stop.reason, message: stop.message, hint: stop.hint };
  }
  if (unprovisioned === 0 && gaps.length === 0) return { code: EXIT.ok, reason: 'every row is provisioned' };
  if (open > 0) {
    return {
      code: EXIT.retryLater,
      reason: 'cut-off',
      message: 'the process was killed before it could finish',
      hint: 'Resume it to finish.',
    };
  }
  const rows = unprovisioned === 1 ? 'row is' : 'rows are';
  const missing = unprovisioned > 0 ? [`${formatNumber(unprovisioned)} ${rows} not provisioned`] : [];
  return { code: EXIT.unprovisioned, reason: [...missing, ...gaps].join('; ') };
}
