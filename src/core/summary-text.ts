/** What came of a run, as text that a person likes to read. */

import { STATUSES } from './outcome.js';
import type { Summary } from './report.js';
import { counted, spanWords, thousands } from './span.js';
import { verdict } from './verdict.js';

export type SummaryOptions = {
  readonly color: boolean;
  readonly columns: number;
  readonly folder: string;
  /** The command that goes on with a run that stopped. */
  readonly goOn?: string;
};

/** The verdict, the counts, the time, and where the results are. */
export function summaryText(summary: Summary, { color, folder, goOn }: SummaryOptions): string {
  const { counts, requests, target, duration_ms: durationMs, simulated, exit, files } = summary;
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[22m` : text);
  const occurring = STATUSES.filter((status) => (counts[status] ?? 0) > 0);
  const width = Math.max(0, ...occurring.map((status) => thousands(counts[status]).length));
  const table = occurring.map((status) => `  ${thousands(counts[status]).padStart(width)}  ${status}`);
  const rate = durationMs > 0 ? (requests.sent * 1000) / durationMs : 0;
  const pace = requests.sent > 1 ? `, ${rate.toFixed(1)}/s of ${target.rate_per_second}/s` : '';
  const extra = [
    ...(requests.lists > 0 ? [counted(requests.lists, 'listing')] : []),
    ...(requests.retried > 0 ? [counted(requests.retried, 'retry').replace('retrys', 'retries')] : []),
    ...(requests.rate_limited > 0 ? [`${thousands(requests.rate_limited)} refused by the rate limit`] : []),
  ];
  const lines = [
    bold(verdict(summary)),
    '',
    ...table,
    '',
    `${counted(requests.sent, 'request')} in ${spanWords(durationMs)}${pace}${extra.length > 0 ? `; ${extra.join(', ')}` : ''}`,
    ...(summary.carried_over > 0
      ? [`${thousands(summary.carried_over)} rows were carried over from before`]
      : []),
    ...summary.warnings.map((warning) => `Warning: ${warning}`),
    `Results: ${folder}/${files.results}`,
    ...(summary.not_provisioned > 0 ? [`Failed:  ${folder}/${files.failed}`] : []),
    `Report:  ${folder}/${files.report}`,
    ...(goOn === undefined ? [] : ['', `Stopped: ${exit.reason}. Go on with:`, `  ${goOn}`]),
    ...(simulated ? ['', 'This run was simulated: no Zoom account was touched.'] : []),
  ];
  return `${lines.join('\n')}\n`;
}
