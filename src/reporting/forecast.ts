/** How long the requests of a plan would take, in words: by rate label, within the daily quotas. */
import { RATE_LABELS, type RateLabel } from '../model/call.js';
import type { AccountPlan } from '../model/choices.js';
import { REQUESTS_PER_DAY } from '../model/zoom-limits.js';
import { formatDuration, formatNumber } from '../text/format.js';

export type LabelForecast = {
  readonly label: RateLabel;
  readonly requests: number;
  readonly perSecond: number;
  /** Absent if there is no daily limit. */
  readonly perDay?: number;
};

/** Counts a plan's requests by label; labels without any are left out. @param rateFor requests/s of a label */
export function createForecast(
  requests: ReadonlyMap<RateLabel, number>,
  accountPlan: AccountPlan,
  rateFor: (label: RateLabel) => number,
): readonly LabelForecast[] {
  return RATE_LABELS.flatMap((label) => {
    const count = requests.get(label) ?? 0;
    if (count === 0) return [];
    const perDay = REQUESTS_PER_DAY[label][accountPlan];
    const forecast = { label, requests: count, perSecond: rateFor(label) };
    return [perDay === undefined ? forecast : { ...forecast, perDay }];
  });
}

/** The forecast in the form that scripts read. */
export function toForecastJson(forecasts: readonly LabelForecast[]): readonly Record<string, unknown>[] {
  return forecasts.map(({ label, requests, perSecond, perDay }) => ({
    label,
    requests,
    rate_per_second: perSecond,
    requests_per_day: perDay ?? null,
  }));
}

/** `35 requests (light) at 30 requests/s: 1 second.`, one clause for each label that is used. */
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
