/** What became of a run in one sentence: the first line of the terminal's summary and of report.html. */

import { STATUS_NAMES, type Status } from '../model/statuses.js';
import { EXIT } from '../model/stop.js';
import { formatCount, formatNumber } from '../text/format.js';
import { describeStop } from './stop-reasons.js';
import { countRows, type Summary } from './summary.js';

/** Statuses that do not read well behind a number as they are. */
const PHRASES: Readonly<Partial<Record<Status, (n: number) => string>>> = {
  'already-provisioned': (n) => `${formatNumber(n)} already existed`,
  'already-member': (n) => `${formatCount(n, 'member')} already there`,
  'not-member': (n) => `${formatNumber(n)} not a member`,
  duplicate: (n) => formatCount(n, 'duplicate'),
  'not-attempted': (n) => `${formatNumber(n)} not attempted`,
};

function countPhrases(summary: Summary, except?: Status): readonly string[] {
  return STATUS_NAMES.filter((status) => status !== except && countRows(summary, status) > 0).map(
    (status) => {
      const n = countRows(summary, status);
      return PHRASES[status]?.(n) ?? `${formatNumber(n)} ${status}`;
    },
  );
}

/** What the run was to do with each row, as a participle. */
export function describeGoal({ command }: Pick<Summary, 'command'>): string {
  return command === 'rollback' ? 'rolled back' : 'provisioned';
}

/** A simulated run says so. */
export function formatHeadline(summary: Summary): string {
  const { exit, input, not_provisioned: missing } = summary;
  const simulated = summary.simulated ? ' (simulated)' : '';
  const goal = describeGoal(summary);
  const parts = countPhrases(summary);
  // In a report of several runs the rows may all be provisioned, and one of the runs be missing.
  if (missing === 0 && exit.code === EXIT.unprovisioned) {
    return `Incomplete${simulated}: ${[exit.reason, ...parts].join(', ')}.`;
  }
  if (input.rows === 0) return `The file has no rows, so there was nothing to do${simulated}.`;
  if (missing === 0) {
    const all = input.rows === 1 ? 'The only row is' : `All ${formatNumber(input.rows)} rows are`;
    return `${all} ${goal}${simulated}: ${parts.join(', ')}.`;
  }
  if (exit.code === EXIT.ok || exit.code === EXIT.unprovisioned) {
    const share = `${formatNumber(missing)} of ${formatCount(input.rows, 'row')}`;
    return `${share} ${missing === 1 ? 'is' : 'are'} not ${goal}${simulated}: ${parts.join(', ')}.`;
  }
  const pending = countRows(summary, 'not-attempted');
  const counts = [
    ...(pending > 0 ? [`${formatCount(pending, 'row')} pending`] : []),
    ...countPhrases(summary, 'not-attempted'),
  ];
  if (exit.reason === 'still-running') return `Still running${simulated}: ${counts.join(', ')}.`;
  return `Stopped${simulated}: ${describeStop(exit.reason)}; ${counts.join(', ')}.`;
}
