/** How long the requests of a plan would take, in words: by rate label, within the daily quotas. */
import type { RateLabel } from '../model/call.js';
import { formatDuration, formatNumber } from '../text/format.js';

export type LabelForecast = {
  readonly label: RateLabel;
  readonly requests: number;
  readonly perSecond: number;
  /** Absent if there is no daily limit. */
  readonly perDay?: number;
};

/** `35 light requests at 30 requests/s: about 1 second`, one clause for each label that is used. */
export function formatForecast(forecasts: readonly LabelForecast[]): string {
  const used = forecasts.filter(({ requests }) => requests > 0);
  if (used.length === 0) return 'No request is needed.';
  return used
    .map(({ label, requests, perSecond, perDay }) => {
      const what = `${formatNumber(requests)} ${requests === 1 ? 'request' : 'requests'} (${label})`;
      const time = `${what} at ${perSecond} requests/s: ${formatDuration((requests / perSecond) * 1_000)}`;
      return `${time}${describeQuota(requests, perDay)}.`;
    })
    .join('\n');
}

function describeQuota(requests: number, perDay: number | undefined): string {
  if (perDay === undefined) return '';
  const days = Math.ceil(requests / perDay);
  const quota = `the daily limit of ${formatNumber(perDay)}`;
  return days > 1 ? `, but ${quota} spreads it over ${days} days` : `, within ${quota}`;
}
