/** How long the requests of a plan would take, in words: by rate label, within the daily quotas. */
import { RATE_LABELS, type RateLabel } from '../model/call.js';
import type { AccountPlan } from '../model/choices.js';
import { REQUESTS_PER_DAY } from '../model/zoom-limits.js';
import { formatCount, formatDuration, formatNumber } from '../text/format.js';

/** Scripts rely on these names, so they are spelt as in `plan --json`. */
export type LabelForecast = {
  readonly label: RateLabel;
  readonly requests: number;
  readonly rate_per_second: number;
  /** Null if there is no daily limit. */
  readonly requests_per_day: number | null;
};

/** Counts a plan's requests by label; labels without any are left out. @param rateFor requests/s of a label */
export function createForecast(
  requests: ReadonlyMap<RateLabel, number>,
  accountPlan: AccountPlan,
  rateFor: (label: RateLabel) => number,
): readonly LabelForecast[] {
  return RATE_LABELS.map((label) => ({
    label,
    requests: requests.get(label) ?? 0,
    rate_per_second: rateFor(label),
    requests_per_day: REQUESTS_PER_DAY[label][accountPlan] ?? null,
  })).filter((forecast) => forecast.requests > 0);
}

/** `35 requests (light) at 30 requests/s: 2 s.`, one clause for each label that is used. */
export function formatForecast(forecasts: readonly LabelForecast[]): string {
  if (forecasts.length === 0) return 'No request is needed.';
  return forecasts
    .map(({ label, requests, rate_per_second: perSecond, requests_per_day: perDay }) => {
      const time = formatDuration(Math.ceil(requests / perSecond) * 1_000);
      const quota = perDay === null ? '' : describeQuota(requests, perDay);
      return `${formatCount(requests, 'request')} (${label}) at ${perSecond} requests/s: ${time}${quota}.`;
    })
    .join('\n');
}

function describeQuota(requests: number, perDay: number): string {
  const days = Math.ceil(requests / perDay);
  const quota = `the daily limit of ${formatNumber(perDay)}`;
  return days > 1 ? `, but ${quota} spreads it over ${days} days` : `, within ${quota}`;
}
